# SPDX-License-Identifier: Apache-2.0
"""Waiting for the control plane, as the head's unit does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from builder.host.emulator import loopback_port
from tests.tools.power.plane import simulator

PROGRAM = Path(__file__).parents[3] / "builder/head/start/wait_for_control_plane.py"

pytestmark = pytest.mark.tools


def wait(*words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-s", "-B", PROGRAM, *words],
        env={},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("python", ["/usr/bin/python3", sys.executable], ids=["debian", "venv"])
def test_it_ends_when_the_control_plane_answers(python: str) -> None:
    with simulator() as plane:
        port = plane.url.rpartition(":")[2]
        done = wait(port, "10", python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the control plane answers on port {port}\n"
    assert plane.no_violations()


def test_it_says_that_nothing_answers() -> None:
    port = str(loopback_port(None))
    done = wait(port, "1")
    assert done.returncode == 1
    assert done.stderr.startswith(f"no control plane answers on port {port} after 1 s\nhint: ")


@pytest.mark.parametrize("words", [(), ("1236",), ("1236", "soon"), ("1236", "-1")])
def test_usage(words: tuple[str, ...]) -> None:
    done = wait(*words)
    assert (done.returncode, done.stderr) == (2, "usage: wait-for-control-plane PORT SECONDS\n")
