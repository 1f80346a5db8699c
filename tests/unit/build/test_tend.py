# SPDX-License-Identifier: Apache-2.0
"""The store looked after: faults told, objects and leftovers removed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from builder.build.place import workplace
from builder.build.tend import faults, leftovers, remove
from builder.store.store import Store
from tests.unit.store.samples import put


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store", os.geteuid())
    put(store, "a", {"etc/one": "1", "etc/two": "2"})
    return store


def test_a_sound_object(store: Store) -> None:
    assert faults(store, "a", 1) == []


def test_looking_changes_nothing(store: Store) -> None:
    os.utime(store.delta("a") / "etc/one", (5, 2000))
    assert faults(store, "a", 1) == ["changed: /etc/one (mtime)"]
    assert faults(store, "a", 1) == ["changed: /etc/one (mtime)"]


def test_every_kind_of_difference(store: Store) -> None:
    etc = store.delta("a") / "etc"
    (etc / "one").write_text("!")
    os.utime(etc / "one", (1000, 1000))
    (etc / "two").unlink()
    (etc / "three").write_text("3")
    (etc / "odd\udcff").write_text("3")
    os.utime(etc, (1000, 1000))
    assert faults(store, "a", 1) == [
        "not its own: /etc/odd�",
        "changed: /etc/one (sha256)",
        "not its own: /etc/three",
        "gone: /etc/two",
    ]


def test_many_differences_are_cut_short(store: Store) -> None:
    for number in range(9):
        (store.delta("a") / f"more{number}").touch()
    found = faults(store, "a", 1)
    assert (len(found), found[-1]) == (6, "and 5 more")


def test_a_listing_that_is_gone(store: Store) -> None:
    store.listing("a").unlink()
    assert faults(store, "a", 1) == ["its listing cannot be read: no such file or directory"]


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"\xff", b'{"kind":"x"}', b'{"kind":"f","what":1}', b"[" * 100_000]
)
def test_a_listing_that_is_none(store: Store, content: bytes) -> None:
    store.listing("a").write_bytes(content)
    (fault,) = faults(store, "a", 1)
    assert fault.startswith("its listing cannot be read: ")


def test_a_step_that_is_another(store: Store) -> None:
    (store.object("a") / "step").write_text('{"id": "b"}')
    assert faults(store, "a", 1) == ["it says that it is b"]


def test_a_step_that_is_gone(store: Store) -> None:
    (store.object("a") / "step").unlink()
    assert faults(store, "a", 1) == ["its step cannot be read: no such file or directory"]


def test_a_delta_that_is_gone(store: Store) -> None:
    store.delta("a").rename(store.root / "elsewhere")
    (fault,) = faults(store, "a", 1)
    assert fault.startswith("cannot be read: ")
    assert fault.endswith(": no such file or directory")


def test_an_object_that_is_a_file(store: Store) -> None:
    store.object("b").write_text("")
    assert faults(store, "b", 1) == ["its step cannot be read: not a directory"]
    remove(store, "b")
    assert not store.object("b").exists()


def test_removing_takes_the_log_along(store: Store) -> None:
    store.log("a").write_text("said")
    (store.root / "tmp/a").mkdir()
    remove(store, "a")
    assert not store.has("a")
    assert not store.log("a").exists()
    assert list((store.root / "tmp").iterdir()) == []


def test_leftovers_are_told_and_cleared(store: Store) -> None:
    folder = store.root / "tmp"
    (folder / "x/delta").mkdir(parents=True)
    (folder / "x.lock").touch()
    (folder / "y").mkdir()
    assert leftovers(store, clear=False) == ["x", "y"]
    assert leftovers(store, clear=True) == ["x", "y"]
    assert list(folder.iterdir()) == []


def test_what_a_builder_is_at_work_on_is_no_leftover(store: Store) -> None:
    folder = store.root / "tmp"
    (folder / "x").mkdir()
    with (folder / "x.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert leftovers(store, clear=True) == []
        assert sorted(path.name for path in folder.iterdir()) == ["x", "x.lock"]


def test_a_place_is_empty_for_one_at_a_time_and_gone_afterwards(store: Store) -> None:
    (store.root / "tmp/a/work").mkdir(parents=True)
    with workplace(store, "a") as place:
        assert list(place.iterdir()) == []
        (place / "half").touch()
        with pytest.raises(BlockingIOError), workplace(store, "a", wait=False):
            pass
        assert (place / "half").exists()
    assert not place.exists()


def test_a_place_that_was_brought_elsewhere_is_left_alone(store: Store) -> None:
    with workplace(store, "b") as place:
        place.rename(store.object("b"))
    assert store.has("b")
