# SPDX-License-Identifier: Apache-2.0
"""How the emulator gets at disks, asked of the emulator's own tool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builder.host import emulator
from tests.needs import needs_tool

pytestmark = [pytest.mark.tools, needs_tool("qemu-img")]


def bench(disk: Path, way: str) -> int:
    disk.write_bytes(bytes(1 << 20))
    argv = ["qemu-img", "bench", "-q", "-c", "1", "-f", "raw", "-i", way, str(disk)]
    return subprocess.run(argv, capture_output=True, check=False).returncode


def test_the_way_that_is_taken_works(tmp_path: Path) -> None:
    assert bench(tmp_path / "disk", emulator.way_to_disks()) == 0


def test_the_quick_way_is_taken_where_it_works(tmp_path: Path) -> None:
    works = bench(tmp_path / "disk", "io_uring") == 0
    assert emulator.way_to_disks() == ("io_uring" if works else "threads")


def test_without_the_kernels_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "has_io_uring", lambda: False)
    assert emulator.way_to_disks() == "threads"
