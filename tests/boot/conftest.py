# SPDX-License-Identifier: Apache-2.0
"""What the boot tests share, and how long each boot took, told at the end."""

from __future__ import annotations

import pytest

from tests.boot.timing import BOOTS
from tests.fixtures import site

__all__ = ["site"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds of each boot: the limits are three times what was measured once."""
    for what, seconds in BOOTS.items():
        terminalreporter.write_line(f"boot: {what} after {seconds:.0f} s")
