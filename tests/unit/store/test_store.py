# SPDX-License-Identifier: Apache-2.0
"""The store's layout, and stores that cannot be used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from builder.errors import Exit, LackingError, StepError
from builder.store.store import Store


@pytest.fixture(autouse=True)
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_opening_makes_the_layout(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "a/store", 1000)
    assert sorted(path.name for path in store.root.iterdir()) == [
        "apt",
        "blobs",
        "debs",
        "format",
        "logs",
        "objects",
        "plans",
        "resolved",
        "tmp",
        "tools",
    ]
    assert Store.open(store.root, 1000).root == store.root


def test_an_object_is_there_when_its_folder_is(tmp_path: Path) -> None:
    store = Store.open(tmp_path, 1000)
    assert not store.has("1234")
    store.delta("1234").mkdir(parents=True)
    assert store.has("1234")


def test_use_is_told_by_the_date(tmp_path: Path) -> None:
    store = Store.open(tmp_path, 1000)
    store.object("1234").mkdir()
    os.utime(store.object("1234"), (0, 0))
    store.use([store.object("1234"), store.object("gone")])
    assert store.object("1234").stat().st_mtime > 0


def test_a_listing_that_was_lost(tmp_path: Path) -> None:
    with pytest.raises(StepError) as caught:
        Store.open(tmp_path, 1000).listed("0123456789abcdef")
    assert caught.value.render() == (
        "error: object 0123456789ab of the store is damaged\n"
        "  its listing cannot be read\n"
        "hint: nodebake store verify --repair"
    )


def test_what_is_mapped_belongs_to_the_builds_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.update({Path(path).name: uid}))
    Store.open(tmp_path, 70000)
    assert given == {"objects": 70000, "tmp": 70000, "logs": 70000}


def test_a_mark_that_was_not_written_to_its_end(tmp_path: Path) -> None:
    """As a full disk leaves it, or one who is just making the store."""
    (tmp_path / "format").touch()
    assert Store.open(tmp_path, 1000).has("1234") is False
    assert (tmp_path / "format").read_text() == "1\n"


def test_another_format(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("2\n")
    assert refusal(tmp_path) == (
        f"error: the store `{tmp_path}` has format 2, this nodebake knows 1\n"
        "hint: use another place: NODEBAKE_STORE=DIR"
    )


def test_another_format_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("2\n")
    refusal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["format"]


def test_a_file_in_the_way(tmp_path: Path) -> None:
    place = tmp_path / "store"
    place.write_text("")
    assert refusal(place) == unwritable(place, "File exists")


def test_a_place_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    assert refusal(tmp_path / "store") == unwritable(tmp_path / "store", "Permission denied")


def unwritable(place: Path, why: str) -> str:
    return (
        f"error: the store `{place}` cannot be written\n  {why}\nhint: place it elsewhere: NODEBAKE_STORE=DIR"
    )


def refusal(place: Path) -> str:
    with pytest.raises(LackingError) as caught:
        Store.open(place, 1000)
    assert caught.value.exit == Exit.LACKING
    return caught.value.render()
