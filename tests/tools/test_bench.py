# SPDX-License-Identifier: Apache-2.0
"""The benchmark's own instruments, on programs whose cost is known well enough."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from tools.bench import group, memory
from tools.bench.measure import Failed, Meter

pytestmark = pytest.mark.tools

# A grandchild works until it has used 0.3 s, and nobody waits for it: its parent ends before.
ESCAPE = """
import os, time
ours, its = os.pipe()
if os.fork() == 0:
    os.close(ours)
    if os.fork() == 0:
        while time.process_time() < 0.3:
            pass
    os._exit(0)
os.close(its)
os.read(ours, 1)
"""
HOLD = """
import subprocess, sys
inner = "held = bytes([1]) * (1 << 26); print(flush=True); input()"
subprocess.run([sys.executable, "-c", inner], stderr=subprocess.DEVNULL)
"""


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    return Meter(None, tmp_path / "log")


def test_what_a_program_says_is_kept_and_its_errors_are_logged(meter: Meter, tmp_path: Path) -> None:
    spent, said = meter.run(["sh", "-c", "echo told $KEY; echo logged >&2"], cwd=tmp_path, env={"KEY": "x"})
    assert (said, meter.log.read_text()) == ("told x\n", "logged\n")
    assert meter.runs == [spent]


def test_a_program_that_fails_is_no_measurement(meter: Meter, tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"(?s)ended with 7.*so it goes"):
        meter.run(["sh", "-c", "echo so it goes >&2; exit 7"], cwd=tmp_path, env={})
    assert meter.runs == []


def test_children_that_are_waited_for_are_accounted(meter: Meter, tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    spent, _ = meter.run(["sh", "-c", f"{sys.executable} -c '{busy}'; true"], cwd=tmp_path, env={})
    assert spent.cpu >= 0.3


def test_in_a_group_nothing_escapes_and_without_one_it_does(tmp_path: Path) -> None:
    found = group.find()
    with found or nullcontext():
        spent, _ = Meter(found, tmp_path / "log").run([sys.executable, "-c", ESCAPE], cwd=tmp_path, env={})
    assert spent.waited < 0.3
    assert (spent.cpu >= 0.3) == (found is not None)


def test_the_memory_of_a_grandchild_counts() -> None:
    argv = [sys.executable, "-c", HOLD]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        looks = iter(range(3))
        peak = memory.watch(process.pid, lambda: next(looks, None) is not None)
        process.stdin.close()
    assert peak.bytes > 1 << 26
    assert peak.looks == 3
