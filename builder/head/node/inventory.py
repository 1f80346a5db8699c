# SPDX-License-Identifier: Apache-2.0
"""`state/nodes.json`, format 1: the nodes as the operator's inventory has them, for what runs on the head."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from re import compile as pattern

from builder.errors import NodebakeError, RecipeError
from builder.head.ground import files
from builder.head.ground.layout import NAME, Layout

FORMAT = 1
_MAC = pattern(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_SERIAL = pattern(r"([0-9a-f]{8})?")


@dataclass(frozen=True)
class Node:
    """One node that boots over the network. `serial`: eight hex digits, empty when it is not known."""

    name: str
    number: int
    mac: str
    address: str
    board: str
    serial: str = ""


@dataclass(frozen=True)
class Inventory:
    """The head's own address on the cluster's side, the networks that it serves, and the nodes."""

    name: str
    address: str
    subnets: tuple[str, ...]
    nodes: tuple[Node, ...]

    def select(self, names: Iterable[str]) -> tuple[Node, ...]:
        """These nodes, in their own order; all when none is named. Raises RecipeError for unknown ones."""
        wanted = list(names)
        known = {node.name for node in self.nodes}
        if unknown := [name for name in wanted if name not in known]:
            raise RecipeError(
                f"the head knows no node `{unknown[0]}`",
                facts=[f"nor {', '.join(unknown[1:])}"] if unknown[1:] else [],
                hint="`nodebake publish` hands it the inventory of cluster.yaml",
            )
        return tuple(node for node in self.nodes if not wanted or node.name in wanted)


def dump(inventory: Inventory) -> str:
    """A node a line."""
    nodes = ",\n".join(f"  {json.dumps(asdict(node), sort_keys=True)}" for node in inventory.nodes)
    head = {"name": inventory.name, "address": inventory.address, "subnets": inventory.subnets}
    return f'{{"format": {FORMAT},\n "head": {json.dumps(head)},\n "nodes": [\n{nodes}\n]}}\n'


def parse(text: str) -> Inventory:
    """The inverse of :func:`dump`. Raises NodebakeError with all that is wrong."""
    try:
        data = json.loads(text)
        found = data.get("format")
        if found != FORMAT:
            raise NodebakeError(
                f"an inventory of format `{found}` cannot be read",
                facts=[f"this nodebake-head reads format {FORMAT}"],
                hint="install the nodebake-head that belongs to your nodebake",
            )
        head = data["head"]
        nodes = tuple(Node(**node) for node in data["nodes"])
        inventory = Inventory(head["name"], head["address"], tuple(head["subnets"]), nodes)
        problems = list(_problems(inventory))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NodebakeError("the inventory is damaged", facts=[f"{type(error).__name__}: {error}"]) from error
    if problems:
        raise NodebakeError("the inventory is damaged", facts=problems)
    return inventory


def load(layout: Layout) -> Inventory:
    """The inventory that the head was given last."""
    try:
        return parse((layout.state / "nodes.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NodebakeError(
            "this head has no inventory yet", hint="`nodebake publish` brings it from cluster.yaml"
        ) from None


def keep(layout: Layout, inventory: Inventory) -> None:
    """Take a new one."""
    files.write(layout.state / "nodes.json", dump(inventory), lasting=True)


def _problems(inventory: Inventory) -> Iterable[str]:
    IPv4Address(inventory.address)
    for subnet in inventory.subnets:
        IPv4Network(subnet)
    for what in ("name", "number", "mac", "address"):
        values = [getattr(node, what) for node in inventory.nodes]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield f"two nodes have the {what} `{value}`"
    for node in inventory.nodes:
        IPv4Address(node.address)
        if not NAME.fullmatch(node.name):
            yield f"`{node.name}` is no node's name"
        if not _MAC.fullmatch(node.mac):
            yield f"{node.name}: `{node.mac}` is no MAC address in lower case"
        if not _SERIAL.fullmatch(node.serial):
            yield f"{node.name}: `{node.serial}` is not the last eight hex digits of a serial number"
        if not NAME.fullmatch(node.board) or not isinstance(node.number, int):
            yield f"{node.name}: board `{node.board}`, number `{node.number}`"
