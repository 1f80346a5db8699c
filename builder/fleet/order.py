# SPDX-License-Identifier: Apache-2.0
"""What machines are told to do, and what came of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds that a command may take where nobody says otherwise."""


@dataclass(frozen=True)
class Order:
    """A command line for the other side's shell, the seconds that it may take, and what it reads on stdin:
    a text, or a file of ours."""

    command: str
    stdin: str = ""
    within: float = PATIENCE
    stdin_file: Path | None = None

    @staticmethod
    def script(text: str, *words: str, within: float = PATIENCE, sudo: bool = False) -> Order:
        """A script for sh with its arguments, handed over on stdin: nothing is left on the other side."""
        return Order(shlex.join([*(["sudo", "-n"] if sudo else []), "sh", "-s", "-", *words]), text, within)


@dataclass(frozen=True)
class Outcome:
    """What came of an order on a machine. `exit` is None when it did not run to its end: then `why` says so.

    `seconds` are wall seconds, the login included where there was one.
    """

    name: str
    exit: int | None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    why: str = ""
    hint: str | None = None

    @property
    def well(self) -> bool:
        return self.exit == 0

    @property
    def trouble(self) -> str:
        """What went wrong, in a few words; empty when nothing did."""
        return self.why or (f"exit code {self.exit}" if self.exit else "")
