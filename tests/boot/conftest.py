# SPDX-License-Identifier: Apache-2.0
"""What the boot tests share."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.boot.published import LOGS, keep_logs
from tests.conftest import CI
from tests.fixtures import site

__all__ = ["site"]

_OVER_NETWORK = (
    "test_netboot.py",
    "test_netboot_docker.py",
    "test_netboot_docker_card.py",
    "test_flasher.py",
    "test_trial.py",
)
# `.ci/run` runs these by themselves as root: another user's NFS server cannot open the files that it serves.
collect_ignore = list(_OVER_NETWORK) if CI and os.geteuid() else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the logs of a node that boots over the network when a test of it fails, and say where."""
    report = yield
    if report.failed and item.path.name in _OVER_NETWORK and LOGS:
        report.sections.append(("logs", f"kept in {keep_logs()}"))
    return report
