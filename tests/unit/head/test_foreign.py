# SPDX-License-Identifier: Apache-2.0
"""What nodes write is read within bounds, whatever they have put there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.head.ground import foreign


def test_a_file_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    assert foreign.read(tmp_path, tmp_path / "file") == b"words"
    assert foreign.read(tmp_path, tmp_path / "link") == b"words"
    assert foreign.read(tmp_path, tmp_path / "file", 5) == b"words"
    assert foreign.read(tmp_path, tmp_path / "file", 4) is None


@pytest.mark.parametrize("name", ["nothing", "folder", "loop", "out", "fifo", "a\0b"])
def test_nothing_else(name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"words")
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    (top / "loop").symlink_to("loop")
    (top / "out").symlink_to(outside)
    os.mkfifo(top / "fifo")
    assert foreign.read(top, top / name) is None
