# SPDX-License-Identifier: Apache-2.0
"""What a verb of `nodebake-head` can say."""

from __future__ import annotations

from typing import Protocol


class Voice(Protocol):
    """Who tells a person or a program."""

    def tell(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def answer(self, value: object, text: list[str]) -> None: ...
