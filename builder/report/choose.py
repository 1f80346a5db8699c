# SPDX-License-Identifier: Apache-2.0
"""Which report speaks: decided once, from what stderr is and what the user asked for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from builder.report.text import TextReport

if TYPE_CHECKING:
    from builder.report.report import Report

PROGRESS = ("auto", "plain", "json")


def choose(progress: str = "auto") -> Report:
    """The report of this process: `plain` is without control codes, `json` speaks to machines."""
    if progress == "json":
        from builder.report.events import EventReport

        return EventReport(sys.stdout, sys.stderr)
    terminal = progress == "auto" and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    colour = terminal and not os.environ.get("NO_COLOR")
    return TextReport(sys.stdout, sys.stderr, terminal=terminal, colour=colour)


def nobody_reads() -> None:
    """The reader of stdout is gone: keep Python from complaining about it when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
