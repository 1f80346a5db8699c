# SPDX-License-Identifier: Apache-2.0
"""Publish: a signed release becomes what some nodes boot. From the state of the head to operations.

What is made stands beside what is in use until all of it is whole; then each node is switched by one rename.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import NodebakeError, RefusedError
from builder.head.boots import cards
from builder.head.boots.switch import Remember, Settle, Switch, retired
from builder.head.ground import machine
from builder.head.ground.layout import Layout
from builder.head.ground.operation import Operation
from builder.head.node import carrying, cmdline, drift, identity, instance
from builder.head.node.carrying import Carry
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory, Node
from builder.head.node.making import Make
from builder.head.release import manifest, signature
from builder.head.release.manifest import Release
from builder.head.release.signature import Signed
from builder.head.release.taking import Take
from builder.head.served import exports, fragments


@dataclass(frozen=True)
class Request:
    """What is asked for. `source` holds the release; with a `canary` only that node is switched.

    `fresh` makes new instances where there is one of that release; `older` allows to go back in time.
    """

    source: Path
    nodes: tuple[Node, ...]
    server: str
    canary: str = ""
    fresh: bool = False
    older: bool = False


@dataclass(frozen=True)
class Published:
    """A plan: what is to be done, what each node shall boot, and what is worth a warning.

    `making` changes nothing that a node boots, `switches` does.
    """

    release: Release
    signer: str
    making: tuple[Operation, ...]
    switches: tuple[Operation, ...]
    wanted: tuple[Instance, ...]
    warnings: tuple[str, ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        return (*self.making, *self.switches)


def plan(layout: Layout, inventory: Inventory, asked: Request) -> Published:
    """What publishing would do now. Raises RefusedError and NodebakeError; changes nothing."""
    made = planned(layout, inventory, asked, "publish")
    if made.release.mode == "card":
        raise RefusedError(
            f"{made.release.label} boots from a node's card, and publishing writes to none",
            hint=f"nodebake deploy {made.release.recipe} NODES",
        )
    known = cards.load(layout)
    moved = [node.name for node in asked.nodes if asked.canary in ("", node.name)]
    warnings = [
        f"{name} boots {known.cards[name].release} from its card, and this only without it"
        for name in moved
        if name in known.cards
    ]
    return replace(
        made,
        making=(*made.making, *cards.ended(layout, known, moved)),
        warnings=(*made.warnings, *warnings),
    )


def taking(
    layout: Layout, inventory: Inventory, source: Path, nodes: tuple[Node, ...]
) -> tuple[Release, tuple[Operation, ...]]:
    """What it takes to hold the release that lies in `source` for these nodes: none is switched by that.

    Raises RefusedError and NodebakeError.
    """
    signed = signature.verify(layout, source)
    release = manifest.parse(signed.manifest)
    fit(release, nodes)
    return release, (*_take(layout, release, source, signed), *_identities(layout, inventory, nodes))


def planned(layout: Layout, inventory: Inventory, asked: Request, verb: str) -> Published:
    """The same for whatever `verb` switches nodes to a release: what is made, and then the switches."""
    if not (asked.source / "manifest.json").exists():
        raise NodebakeError(
            f"`{asked.source}` holds no release",
            hint="name a release's folder, or RECIPE/VERSION of one held here",
        )
    signed = signature.verify(layout, asked.source)
    release = manifest.parse(signed.manifest)
    fit(release, asked.nodes)
    present = instance.present(layout, asked.nodes)
    if not asked.older:
        not_older(release, present)
    wanted = {node.name: _wanted(layout, inventory, node, release, asked.fresh) for node in asked.nodes}
    switched = tuple(node for node in asked.nodes if asked.canary in ("", node.name))
    making = [
        *_take(layout, release, asked.source, signed),
        *_identities(layout, inventory, asked.nodes),
        *_makes(layout, inventory, release, asked.nodes, wanted),
        *_fragments(layout, inventory, wanted, asked.server),
        *retired(layout, inventory),
    ]
    switches = tuple(switching(layout, verb, switched, present, wanted))
    # For a while only, a node goes elsewhere without losing anything.
    warnings = tuple(_losses(layout, present, wanted)) if verb == "publish" else ()
    return Published(release, signed.signer, tuple(making), switches, tuple(wanted.values()), warnings)


def switching(
    layout: Layout,
    verb: str,
    nodes: tuple[Node, ...],
    present: dict[str, Instance],
    wanted: dict[str, Instance],
) -> list[Operation]:
    """From what the nodes boot to what they shall boot: shared by publish and rollback."""
    moving = [node for node in nodes if _name(present, node) != wanted[node.name].name]
    if not moving:
        return []
    carries = [
        Carry(layout, before, wanted[node.name])
        for node in moving
        if (before := present.get(node.name)) and not carrying.carried(layout, before, wanted[node.name])
    ]
    switches = [Switch(layout, node, _name(present, node), wanted[node.name].name) for node in moving]
    entries = tuple((each.node.name, each.before, each.after) for each in switches)
    return [*carries, Remember(layout, verb, entries), *switches, Settle(layout)]


def fit(release: Release, nodes: tuple[Node, ...]) -> None:
    """Refuse boards that the release has nothing for, or too little memory."""
    boards = {board.name: board for board in release.boards}
    facts = [f"{node.name} is a {node.board}" for node in nodes if node.board not in boards]
    if facts:
        raise RefusedError(
            f"{release.label} does not boot every one of these nodes",
            facts=[*facts, f"it boots {', '.join(sorted(boards))}"],
            hint="name the nodes that it is for, or add the board to the recipe and build again",
        )
    if release.mode == "ram":
        small = [node for node in nodes if boards[node.board].memory << 20 < release.needs]
        if small:
            raise RefusedError(
                f"{release.label} needs {release.needs >> 20} MiB of memory for its root",
                facts=[f"{node.name} has {boards[node.board].memory} MiB" for node in small],
                hint="build it with `--set mode=shared`",
            )


def not_older(release: Release, present: dict[str, Instance]) -> None:
    """Refuse to go back in time unawares."""
    newer = [
        f"{name} boots {each.version} of {_day(each.epoch)}"
        for name, each in present.items()
        if each.recipe == release.recipe and each.epoch > release.epoch
    ]
    if newer:
        raise RefusedError(
            f"{release.label} of {_day(release.epoch)} is older than what is published",
            facts=newer[:5] + ([f"and {len(newer) - 5} more"] if len(newer) > 5 else []),
            hint="`nodebake rollback` leads back to the former one; `--older` publishes it all the same",
        )


def _take(layout: Layout, release: Release, source: Path, signed: Signed) -> list[Operation]:
    place = layout.release(release.recipe, release.version)
    if not place.exists():
        return [Take(layout, release, source, signed)]
    if (place / "manifest.json").read_bytes() != signed.manifest:
        raise RefusedError(
            f"this head holds another {release.label}",
            facts=[f"`{place / 'manifest.json'}` differs from the one to be published"],
            hint="two releases may not share a version: change something and build again",
        )
    return []


def _identities(layout: Layout, inventory: Inventory, nodes: tuple[Node, ...]) -> list[Operation]:
    lacking = (node for node in nodes if identity.lacking(layout, inventory, node))
    return [identity.Identify(layout, inventory, node) for node in lacking]


def _makes(
    layout: Layout,
    inventory: Inventory,
    release: Release,
    nodes: tuple[Node, ...],
    wanted: dict[str, Instance],
) -> list[Operation]:
    return [
        Make(layout, inventory, node, release, wanted[node.name])
        for node in nodes
        if not layout.instance(node.name, wanted[node.name].name).exists()
    ]


def _fragments(
    layout: Layout, inventory: Inventory, wanted: dict[str, Instance], server: str
) -> list[Operation]:
    on_network = cards.load(layout).served(instance.everywhere(layout))
    held = {(each.node, each.name): each for each in (*on_network, *wanted.values())}
    rows = exports.table(layout, inventory, held.values())
    return [*fragments.for_exports(layout, rows, server), *fragments.for_dnsmasq(layout, inventory)]


def _wanted(layout: Layout, inventory: Inventory, node: Node, release: Release, fresh: bool) -> Instance:
    """The instance that the node shall boot: the one that is there and says the same, else a new one."""
    stem = f"{release.recipe}-{release.version}"
    held = {each.name: each for each in instance.of_node(layout, node.name)}
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}.{number}"
        number += 1
        words = cmdline.line(layout, inventory, node, release, name)
        found = held.get(name)
        if found is None and not layout.instance(node.name, name).exists():
            copied = ""
            if release.mode == "private":
                layout.pxe.mkdir(parents=True, exist_ok=True)
                copied = "reflink" if machine.can_share_blocks(layout.pxe) else "copy"
            return Instance(
                node.name, name, release.recipe, release.version, release.epoch, release.mode,
                release.writable, release.prefix, words, int(time.time()), copied,
            )  # fmt: skip
        if found and found.cmdline == words and not fresh:
            return found


def _losses(layout: Layout, present: dict[str, Instance], wanted: dict[str, Instance]) -> Iterator[str]:
    """What nodes have changed in roots of their own that they will no longer boot."""
    for name, before in present.items():
        if before.mode == "private" and before.name != wanted[name].name:
            moved = drift.of(layout, before)
            if moved:
                yield (
                    f"{name} has moved from {before.release}: {drift.summary(moved)}; "
                    f"it starts anew, {before.name} is kept for rollback"
                )


def _name(present: dict[str, Instance], node: Node) -> str:
    return present[node.name].name if node.name in present else ""


def _day(epoch: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(epoch))
