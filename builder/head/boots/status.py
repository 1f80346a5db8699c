# SPDX-License-Identifier: Apache-2.0
"""What each node boots, what it booted before, and which releases the head holds."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import NodebakeError
from builder.head.boots import history
from builder.head.ground.layout import Layout
from builder.head.node import instance
from builder.head.node.inventory import Inventory
from builder.head.release import manifest


@dataclass(frozen=True)
class State:
    """One node. `release` and `former` are `recipe/version`, empty where there is none; `since` is in
    seconds since 1970, 0 when it is not known."""

    node: str
    address: str
    board: str
    release: str
    mode: str
    copied: str
    since: int
    former: str
    kept: int


@dataclass(frozen=True)
class Held:
    """One release on the head; `nodes` boot it."""

    release: str
    mode: str
    size: int
    nodes: tuple[str, ...]


def states(layout: Layout, inventory: Inventory) -> tuple[State, ...]:
    """A state for each node of the inventory."""
    present = instance.present(layout, inventory.nodes)
    former = history.formers(layout, {name: each.name for name, each in present.items()})
    since = {(move.node, move.after): move.at for move in history.moves(layout)}
    found = []
    for node in inventory.nodes:
        each = present.get(node.name)
        before = instance.read(layout, node.name, former.get(node.name, ""))
        found.append(
            State(
                node.name,
                node.address,
                node.board,
                each.release if each else "",
                each.mode if each else "",
                each.copied if each else "",
                since.get((node.name, each.name), 0) if each else 0,
                before.release if before else "",
                len(instance.of_node(layout, node.name)),
            )
        )
    return tuple(found)


def held(layout: Layout, inventory: Inventory) -> tuple[Held, ...]:
    """The releases on the head."""
    present = instance.present(layout, inventory.nodes)
    found = []
    for folder in sorted(layout.releases.glob("[!.]*/[!.]*")):
        try:
            release = manifest.read(folder)
        except NodebakeError:
            continue
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        nodes = tuple(name for name, each in present.items() if each.release == release.label)
        found.append(Held(release.label, release.mode, size, nodes))
    return tuple(found)
