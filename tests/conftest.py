# SPDX-License-Identifier: Apache-2.0
"""Rules of all tests: CI refuses skips, long comparisons run only when asked for, boots are timed."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.boot.timing import BOOTS, FIGURES

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

# Whoever starts tests in the background may have SIGINT ignored, for them and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("nodebake", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nodebake")

collect_ignore_glob = [] if os.environ.get("NODEBAKE_LONG") else ["long/*"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that CI skips is a test that nobody runs."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI refuses: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if CI and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI refuses: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds of each boot: the limits are three times what was measured once."""
    for what, seconds in BOOTS.items():
        terminalreporter.write_line(f"boot: {what} after {seconds:.0f} s")
    for what, size in FIGURES.items():
        terminalreporter.write_line(f"boot: {what}: {size / 1e6:.1f} MB")
