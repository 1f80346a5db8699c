# SPDX-License-Identifier: Apache-2.0
"""Boots over a network: what a head publishes, served by root's NFS server, to an emulated node."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.boot.published import LOGS, keep_logs
from tests.conftest import CI

# `.ci/run` runs these by themselves as root: another user's NFS server cannot open the files that it serves.
collect_ignore_glob = ["test_*.py"] if CI and os.geteuid() else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the logs of a node that boots over the network when a test of it fails, and say where."""
    report = yield
    if report.failed and LOGS:
        report.sections.append(("logs", f"kept in {keep_logs()}"))
    return report
