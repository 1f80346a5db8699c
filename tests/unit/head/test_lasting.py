# SPDX-License-Identifier: Apache-2.0
"""What the head alone knows is on the disk before it goes by its name: power goes at any moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.head.boots import cards, history
from builder.head.ground import files
from builder.head.ground.layout import Layout
from builder.head.node import holds, inventory
from builder.head.served.fragments import Number
from tests.unit.head.test_small import KNOWN

Write = Callable[[Layout], None]


def _shorten(layout: Layout) -> None:
    layout.state.mkdir()
    history.remember(layout, "publish", [("node01", "", "one")])
    history.forget(layout, {"node01": "one"}, {("node01", "one")})


WRITES: dict[str, Write] = {
    "nodes.json": lambda layout: inventory.keep(layout, KNOWN),
    "cards.json": lambda layout: cards.Keep(layout, cards.Cards(), "nothing").run(),
    "holds.json": lambda layout: holds.hold(layout, [holds.Hold("node01", "me", "", 1)], 1),
    "exports.json": lambda layout: Number(layout, {"/pxe": 1}).run(),
    "journal.jsonl": _shorten,
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written down for good and renamed, in order."""
    heard: list[str] = []
    sync, rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        heard.append(f"{path.name}, {path.stat().st_size} bytes" if path.is_file() else f"{path.name}/")
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        heard.append(f"rename {path.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    return heard


@pytest.mark.parametrize("name", WRITES)
def test_state_outlives_a_loss_of_power(name: str, tmp_path: Path, told: list[str]) -> None:
    layout = Layout(tmp_path, tmp_path / "etc")
    WRITES[name](layout)
    size = (layout.state / name).stat().st_size
    assert size > 0
    assert told[-3:] == [f".{name}.part, {size} bytes", f"rename .{name}.part", f"{layout.state.name}/"]


def test_what_is_made_in_numbers_is_settled_once(tmp_path: Path, told: list[str]) -> None:
    files.write(tmp_path / "one of many", "x")
    assert told == ["rename .one of many.part"]
