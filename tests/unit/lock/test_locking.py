# SPDX-License-Identifier: Apache-2.0
"""Locks on disk: read, insisted on, never older than before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive.locking import insist, not_older, read_lock, write_lock
from builder.errors import Exit, NodebakeError
from tests.unit.lock.samples import REQUEST, STATE, lock, locked


def test_write_and_read(tmp_path: Path) -> None:
    path = tmp_path / "locks/x.lock"
    assert read_lock(path) is None
    write_lock(path, lock(locked("apt")))
    assert read_lock(path) == lock(locked("apt"))
    assert [entry.name for entry in path.parent.iterdir()] == ["x.lock"]


def test_a_wrong_encoding(tmp_path: Path) -> None:
    (tmp_path / "x.lock").write_bytes(b"\xff\xfe{}")
    with pytest.raises(NodebakeError) as caught:
        read_lock(tmp_path / "x.lock")
    assert caught.value.exit == Exit.STALE
    assert caught.value.render() == "error: lock `x.lock` is not UTF-8\nhint: restore it"


def test_insisting_on_a_lock_that_answers() -> None:
    assert insist(lock(), REQUEST, "x") == lock()


def test_insisting_without_a_lock() -> None:
    with pytest.raises(NodebakeError) as caught:
        insist(None, REQUEST, "x")
    assert caught.value.exit == Exit.STALE
    assert caught.value.render() == (
        "error: recipe `x` has no lock, and --locked insists on one\nhint: `nodebake lock x` makes one"
    )


def test_insisting_on_a_stale_lock() -> None:
    with pytest.raises(NodebakeError) as caught:
        insist(lock(), replace(REQUEST, packages=("?essential",)), "x")
    assert caught.value.exit == Exit.STALE
    assert caught.value.render() == (
        "error: the lock of `x` is stale\n  no longer asked for: apt\nhint: `nodebake lock x --update`"
    )


def test_an_archive_that_went_back_in_time() -> None:
    older = replace(lock(), archives=(replace(STATE, date=STATE.date - 1),))
    not_older(older, lock())
    with pytest.raises(NodebakeError) as caught:
        not_older(lock(), older)
    assert caught.value.exit == Exit.REFUSED
    assert caught.value.render() == (
        "error: archive `debian` `trixie` is older than the one of the present lock\n"
        "hint: check which host serves it; to take the older one, remove the lock file first"
    )
