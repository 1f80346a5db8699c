# SPDX-License-Identifier: Apache-2.0
"""What a store holds, whatever state it is in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builder.store.held import Fetched, Held, fetched, objects, strangers, sweep
from builder.store.store import Store
from tests.unit.store.samples import put


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", os.geteuid())


def test_objects_the_one_used_last_first(store: Store) -> None:
    put(store, "a", {"etc/one": "x" * 5000}, used=10)
    put(store, "b", {}, "a", used=20)
    store.plan("mine").write_text(json.dumps({"steps": {"files 0": {"id": "a"}}}))
    store.plan("yours").write_text(json.dumps({"steps": {"files 0": {"id": "a"}, "files 1": {"id": "b"}}}))
    assert objects(store) == [
        Held("b", "files", "label of b", 4096, 20.0, ("a",), ("yours",)),
        # Two directories, and a file of two blocks.
        Held("a", "files", "label of a", 4096 * 4, 10.0, (), ("mine", "yours")),
    ]


def test_hard_links_count_once(store: Store) -> None:
    put(store, "a", {"one": "x"})
    (store.delta("a") / "two").hardlink_to(store.delta("a") / "one")
    whole = objects(store)[0].size
    assert whole == 4096 * 2


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"7", b'{"id": 1}', b"[" * 100_000])
def test_an_object_that_cannot_be_read_is_told_all_the_same(store: Store, content: bytes) -> None:
    put(store, "a", {"one": "x"})
    (store.object("a") / "step").write_bytes(content)
    store.listing("a").write_bytes(content)
    store.plan("mine").write_bytes(content)
    assert [(held.id, held.kind, held.size) for held in objects(store)] == [("a", "?", 0)]


def test_an_empty_folder_is_an_object_too(store: Store) -> None:
    store.object("a").mkdir()
    assert [held.kind for held in objects(store)] == ["?"]


def test_package_files_and_what_is_none(store: Store) -> None:
    (store.debs / f"{'0' * 64}.deb").write_bytes(b"four")
    os.utime(store.debs / f"{'0' * 64}.deb", (5, 5))
    (store.debs / f"{'1' * 64}.77.part").write_bytes(b"")
    store.blob("2" * 64).write_bytes(b"a layer")
    os.utime(store.blob("2" * 64), (6, 6))
    (store.blobs / f"{'3' * 64}.77.part").write_bytes(b"")
    assert fetched(store) == [Fetched("blob", "2" * 64, 7, 6.0), Fetched("deb", "0" * 64, 4, 5.0)]
    assert [path.name for path in strangers(store)] == [f"{'3' * 64}.77.part", f"{'1' * 64}.77.part"]


def test_files_that_were_being_written_are_swept_and_no_others(store: Store) -> None:
    whole = [store.debs / f"{'0' * 64}.deb", store.tools / "dispatch-amd64-00", store.plan("mine")]
    partly = [store.debs / f"{'0' * 64}.7.part", store.tools / "dispatch-amd64-00.7", store.plan(".mine.7")]
    for path in (*whole, *partly):
        path.touch()
    sweep(store)
    assert [path for path in (*whole, *partly) if path.exists()] == whole
