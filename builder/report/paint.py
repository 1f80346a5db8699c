# SPDX-License-Identifier: Apache-2.0
"""Colour, for the few words that deserve it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STYLES = {"error": "1;31", "warning": "1;33", "hint": "1;36"}
_WORDS = re.compile(r"^(?P<place>\S+:\d+:\d+: )?(?P<word>error|warning|hint):", re.MULTILINE)
# Names of files and lines of logs may hold anything; a terminal must not obey it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Paint:
    """Colours the leading words of messages, or does nothing."""

    on: bool

    def __call__(self, text: str) -> str:
        text = harmless(text)
        return _WORDS.sub(_colour, text) if self.on else text


def harmless(text: str) -> str:
    """The text with control codes made visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _colour(found: re.Match[str]) -> str:
    return f"{found['place'] or ''}\x1b[{_STYLES[found['word']]}m{found['word']}:\x1b[0m"
