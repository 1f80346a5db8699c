# SPDX-License-Identifier: Apache-2.0
"""Folders that appear whole, and leftovers that go."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from builder.host import linux
from builder.host.files import remove_tree, replace_folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / ".new").mkdir()
    (tmp_path / ".new/file").write_text("new")
    return tmp_path / ".new"


def test_a_new_folder_comes_to_its_place(new: Path, tmp_path: Path) -> None:
    replace_folder(new, tmp_path / "place")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["place", "place/file"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_was_there_is_where_the_new_one_was(
    new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    def refuse(*_: Path) -> NoReturn:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    if not can_exchange:
        monkeypatch.setattr(linux, "exchange", refuse)
    (tmp_path / "place").mkdir()
    (tmp_path / "place/file").write_text("old")
    replace_folder(new, tmp_path / "place")
    assert (tmp_path / "place/file").read_text() == "new"
    assert (new / "file").read_text() == "old"


def test_what_is_there_and_what_is_not_is_removed(new: Path) -> None:
    remove_tree(new)
    assert not new.exists()
    remove_tree(new)


def test_what_is_still_written_to_is_removed_at_last(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Path] = []
    remove = shutil.rmtree

    def busy(path: Path) -> None:
        tries.append(path)
        if len(tries) < 3:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", busy)
    remove_tree(new)
    assert len(tries) == 3 and not new.exists()


def test_another_error_is_told_at_once(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(PermissionError):
        remove_tree(new)
