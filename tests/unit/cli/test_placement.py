# SPDX-License-Identifier: Apache-2.0
"""The placement beside a lock: there, whole, and the only one."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.placement import forget_others, keep, named_by, of_latest
from builder.errors import Exit, StaleLockError
from tests.unit.lock.samples import lock

TEXT = '{"format":1}\n'


@pytest.fixture
def lock_path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "x.lock"


def test_a_first_lock_names_none(lock_path: Path) -> None:
    assert named_by(lock(), lock_path) == ""


def test_what_was_kept_is_found(lock_path: Path) -> None:
    placed = replace(lock(), placement=keep(TEXT, lock_path))
    assert placed.placement == hashlib.sha256(TEXT.encode()).hexdigest()
    assert named_by(placed, lock_path) == TEXT


def test_one_that_is_lost(lock_path: Path) -> None:
    placed = replace(lock(), placement="ab" * 32)
    with pytest.raises(StaleLockError) as caught:
        named_by(placed, lock_path)
    assert caught.value.exit == Exit.STALE
    assert caught.value.render() == (
        "error: `x.abababababab.placement` is missing\n"
        "  by it an image keeps what did not change where it was\n"
        f"  it belongs beside {lock_path}\n"
        "hint: restore it, or take the latest release's: `nodebake lock x --update`"
    )


def test_one_that_was_changed(lock_path: Path) -> None:
    placed = replace(lock(), placement=keep(TEXT, lock_path))
    (path,) = lock_path.parent.iterdir()
    path.write_text("else")
    with pytest.raises(StaleLockError, match=f"`{path.name}` is not the one that the lock names"):
        named_by(placed, lock_path)


def test_former_ones_go_when_a_new_one_is_in_use(lock_path: Path) -> None:
    keep("old", lock_path)
    placed = replace(lock(), placement=keep(TEXT, lock_path))
    keep("other", lock_path.with_name("y.lock"))
    forget_others(placed, lock_path)
    assert named_by(placed, lock_path) == TEXT
    assert len(list(lock_path.parent.glob("x.*.placement"))) == 1
    assert len(list(lock_path.parent.glob("y.*.placement"))) == 1


def test_a_folder_without_a_release_has_none(tmp_path: Path) -> None:
    assert of_latest(tmp_path) is None
    (tmp_path / "manifest.json").write_text("{}")
    assert of_latest(tmp_path) is None
