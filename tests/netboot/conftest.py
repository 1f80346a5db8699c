# SPDX-License-Identifier: Apache-2.0
"""A head with tiny releases, real servers on what it wrote, and boards before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.netboot.head import head
from builder.head.node.inventory import Inventory, Node
from tests.head.release import Tiny
from tests.netboot.served import Served
from tests.netboot.wire import boards

# As many as a cluster module has; the last two are boards of other kinds.
NODES = (*(("pi3b",) * 58), "pi3bplus", "pi4")
RELEASES = (Tiny(version="20260101-aaaaaaaa"), Tiny(version="20260201-bbbbbbbb", epoch=1769904000))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """60 nodes that boot the second of the two releases."""
    folder = tmp_path_factory.mktemp("head")
    nodes = tuple(_node(number, board) for number, board in enumerate(NODES, 1))
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), nodes)
    made = [tiny.make(_folder(folder, "out")) for tiny in RELEASES]
    with head(stock, _folder(folder, "head")) as here:
        for release in made:
            here.publish(release)
        here.serve_boot()
        with boards(here.lan) as wire:
            yield Served(here, wire, nodes)


def _node(number: int, board: str) -> Node:
    mac = f"b8:27:eb:00:00:{number:02x}"
    return Node(f"node{number:02d}", number, mac, f"10.42.0.{number}", board, f"{number:08x}")


def _folder(below: Path, name: str) -> Path:
    (below / name).mkdir(exist_ok=True)
    return below / name
