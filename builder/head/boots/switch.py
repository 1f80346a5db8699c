# SPDX-License-Identifier: Apache-2.0
"""The one rename that changes what a node boots next: kernel, command line and, named by that, its root."""

from __future__ import annotations

from dataclasses import dataclass

from builder.head.boots import history
from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.node import instance
from builder.head.node.inventory import Inventory, Node


@dataclass(frozen=True)
class Remember:
    """Settle what was made on the disk, and write down the switches that follow: (node, before, after)."""

    layout: Layout
    verb: str
    switches: tuple[tuple[str, str, str], ...]

    def describe(self) -> str:
        return f"write the journal: {len(self.switches)} to switch"

    def run(self) -> None:
        self.layout.boot.mkdir(parents=True, exist_ok=True)
        machine.settle(self.layout.pxe)
        history.remember(self.layout, self.verb, self.switches)


@dataclass(frozen=True)
class Switch:
    """Let `node` boot the instance `after` from now on."""

    layout: Layout
    node: Node
    before: str
    after: str

    def describe(self) -> str:
        return f"switch {self.node.name} from {self.before or 'nothing'} to {self.after}"

    def run(self) -> None:
        files.point(self.layout.switch(self.node.mac), instance.link_target(self.node.name, self.after))


@dataclass(frozen=True)
class Retire:
    """Take away the link of a board that is no longer `node`: it would boot as that one."""

    layout: Layout
    mac: str
    node: str

    def describe(self) -> str:
        return f"take {self.node} from the board {self.mac}"

    def run(self) -> None:
        (self.layout.boot / self.mac).unlink(missing_ok=True)


def retired(layout: Layout, inventory: Inventory) -> list[Retire]:
    """The boards that still boot as a node of the inventory, and that it is no longer."""
    macs = {node.name: layout.switch(node.mac).name for node in inventory.nodes}
    found = []
    for link in sorted(layout.boot.glob("*")) if layout.boot.is_dir() else ():
        node = link.readlink().parts[-3:-2] if link.is_symlink() else ()
        if node and macs.get(node[0], link.name) != link.name:
            found.append(Retire(layout, link.name, node[0]))
    return found


@dataclass(frozen=True)
class Settle:
    """Wait until it is all on the disk."""

    layout: Layout

    def describe(self) -> str:
        return "wait for the disk"

    def run(self) -> None:
        machine.settle(self.layout.pxe)
