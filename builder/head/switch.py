# SPDX-License-Identifier: Apache-2.0
"""The one rename that changes what a node boots next: kernel, command line and, named by that, its root."""

from __future__ import annotations

from dataclasses import dataclass

from builder.head import files, history, instance, machine
from builder.head.inventory import Node
from builder.head.layout import Layout


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
class Settle:
    """Wait until it is all on the disk."""

    layout: Layout

    def describe(self) -> str:
        return "wait for the disk"

    def run(self) -> None:
        machine.settle(self.layout.pxe)
