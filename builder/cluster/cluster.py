# SPDX-License-Identifier: Apache-2.0
"""The cluster as `cluster.yaml` describes it: the head, the networks, and every node with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

from builder.cluster.ssh_file import SshModel
from builder.cluster.words import Roster, WordFault, fold
from builder.errors import NodebakeError, Problems, RecipeError
from builder.recipe.document import Data, Document


@dataclass(frozen=True)
class Network:
    """A network that nodes are on. Node N has the address `first` + (N - 1), unless it names its own."""

    name: str
    subnet: IPv4Network
    first: IPv4Address | None
    wireless: bool
    via_head: bool
    """Whether its nodes are logged in to by way of the head."""


@dataclass(frozen=True)
class Head:
    """The machine that the nodes boot from. `address` is the cluster's side, `outside` the other one."""

    name: str
    board: str
    address: IPv4Address
    outside: IPv4Address | None
    user: str
    power: str
    """The name of the driver that switches the mains, or empty."""


@dataclass(frozen=True)
class Node:
    """One node. What is not known or not said is empty.

    `serial` is the last eight hex digits of the board's serial number, as its boot ROM asks for files.
    `place` is the maker's byte: the bar in the high digit, counted from 0, the place in it in the low one,
    counted from 1; None for a node in no bar.
    """

    number: int
    name: str
    mac: str
    serial: str
    board: str
    network: str
    address: IPv4Address
    bar: str
    place: int | None
    groups: tuple[str, ...]
    """The groups it is in, bars (`barA`) included, without their `@`."""
    recipe: str
    power: str
    """The name of the driver that switches it."""


@dataclass(frozen=True)
class Cluster:
    """The inventory. `nodes` are in the order of their numbers; `groups` are names of nodes by group.

    `power` is the section of that name as it stands in `document`, for `builder/power` to read.
    """

    head: Head
    networks: Mapping[str, Network]
    nodes: tuple[Node, ...]
    groups: Mapping[str, tuple[str, ...]]
    power: Mapping[str, Data]
    ssh: SshModel
    document: Document = field(repr=False)

    def select(self, words: str | Iterable[str]) -> tuple[Node, ...]:
        """The nodes that any of the words means, in the order of their numbers.

        Raises RecipeError, or Problems for several words, with the word and a hint.
        """
        wanted: set[int] = set()
        problems: list[NodebakeError] = []
        for word in [words] if isinstance(words, str) else words:
            try:
                wanted |= self.roster.numbers(word)
            except WordFault as fault:
                problems.append(RecipeError(fault.message, hint=fault.hint))
        if problems:
            raise problems[0] if len(problems) == 1 else Problems(problems)
        return tuple(node for node in self.nodes if node.number in wanted)

    def fold(self, nodes: Iterable[Node]) -> str:
        """Nodes in the field's notation, which `select` reads: `node[01-03,07]`."""
        return fold(node.name for node in nodes)

    def node(self, number: int) -> Node | None:
        """The node of that number."""
        return next((node for node in self.nodes if node.number == number), None)

    @cached_property
    def roster(self) -> Roster:
        """The names that words may use."""
        by_name = {node.name: node.number for node in self.nodes}
        return Roster(
            {node.number: node.name for node in self.nodes},
            {group: frozenset(by_name[name] for name in names) for group, names in self.groups.items()},
        )
