# SPDX-License-Identifier: Apache-2.0
"""The answer on stdout: the same whatever stderr looks like."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Answer:
    """Writes data to the stream that it is given."""

    out: TextIO

    def data(self, text: str) -> None:
        self.out.write(text if text.endswith("\n") else text + "\n")
        # A reader down the pipe sees each answer when it is given, and a broken pipe shows here.
        self.out.flush()

    def json(self, value: object) -> None:
        self.data(json.dumps(value, indent=2, ensure_ascii=False))
