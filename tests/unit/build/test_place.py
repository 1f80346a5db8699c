# SPDX-License-Identifier: Apache-2.0
"""What was made becomes an object of the store, whole also after a loss of power."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builder.build.delta import scan
from builder.build.place import keep, workplace
from builder.host import linux
from builder.store.store import Store

STEP = {"id": "a" * 64, "kind": "files"}


def test_an_object_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path / "store", os.getuid())
    settled = []
    settle = linux.settle

    def told(folder: Path) -> None:
        settled.append((sorted(each.name for each in folder.iterdir()), store.has(STEP["id"])))
        settle(folder)

    monkeypatch.setattr(linux, "settle", told)
    with workplace(store, STEP["id"]) as place:
        (place / "delta").mkdir()
        (place / "delta/one").write_text("one")
        keep(store, place, STEP, scan(place / "delta", None, 1))
    assert settled == [(["delta", "listing", "step"], False)]
    made = store.object(STEP["id"])
    assert (made / "delta/one").read_text() == "one"
    assert json.loads((made / "step").read_text()) == STEP
    assert '"one"' in store.listed(STEP["id"])
    assert not place.exists()


def test_a_folder_that_is_not_there_is_not_settled(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        linux.settle(tmp_path / "gone")
