# SPDX-License-Identifier: Apache-2.0
"""A real folder and a made-up one answer alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.host.sources import FolderSources
from builder.recipe.sources import DictSources, OutsideError


def test_both_kinds_answer_alike(tmp_path: Path) -> None:
    (tmp_path / "o/etc").mkdir(parents=True)
    (tmp_path / "o/etc/a").write_text("a")
    (tmp_path / "o/run").write_text("r")
    (tmp_path / "o/run").chmod(0o755)
    (tmp_path / "o/l").symlink_to("/etc")
    os.mkfifo(tmp_path / "o/pipe")
    folder = FolderSources(tmp_path)
    made_up = DictSources(
        {"o/etc/a": "a", "o/run": "r"}, frozenset({"o/run"}), {"o/l": "/etc"}, frozenset({"o/pipe"})
    )
    assert folder.walk("o") == made_up.walk("o")
    assert folder.names("o") == made_up.names("o") == ["etc", "l", "pipe", "run"]
    assert folder.read("o/etc/a") == made_up.read("o/etc/a") == b"a"
    assert folder.exists("o/etc")
    assert made_up.exists("o/etc")
    for sources in (folder, made_up):
        assert sources.names("none") == []
        assert sources.walk("none") == []
        with pytest.raises(FileNotFoundError):
            sources.read("none")
        with pytest.raises(FileNotFoundError):
            sources.read("o")


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "secret").write_text("s")
    (tmp_path / "project/link").symlink_to("../secret")
    (tmp_path / "project/folder").symlink_to("..")
    sources = FolderSources(tmp_path / "project")
    (tmp_path / "project/circle").symlink_to("circle")
    for path in ("../secret", "link", "folder/secret", "/etc/passwd", "circle", "a\0b"):
        with pytest.raises(OutsideError):
            sources.read(path)
    assert not sources.exists("link")
    with pytest.raises(OutsideError):
        sources.walk("folder")
