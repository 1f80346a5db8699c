# SPDX-License-Identifier: Apache-2.0
"""The answer on stdout: the same whatever stderr looks like.

Parts of it come from nodes, which a terminal must not obey: control codes are made visible.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TextIO

from builder.report.paint import harmless

# What json leaves as it is; below a space it writes such codes itself.
_CODES = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


@dataclass(frozen=True)
class Answer:
    """Writes data to the stream that it is given."""

    out: TextIO

    def data(self, text: str) -> None:
        self._write(harmless(text))

    def json(self, value: object) -> None:
        self._write(json.dumps(value, indent=2, ensure_ascii=False).translate(_CODES))

    def _write(self, text: str) -> None:
        self.out.write(text if text.endswith("\n") else text + "\n")
        # A reader down the pipe sees each answer when it is given, and a broken pipe shows here.
        self.out.flush()
