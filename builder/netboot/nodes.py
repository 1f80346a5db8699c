# SPDX-License-Identifier: Apache-2.0
"""Whether nodes of the inventory can boot what a recipe makes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from builder.cluster.cluster import Cluster, Node
from builder.errors import NodebakeError, RecipeError
from builder.recipe.recipe import Recipe
from builder.release.manifest import Netboot

LEFT = 256 << 20
"""Bytes that a node of mode ram must have besides its root: for kernel, services, and what it writes."""


@dataclass(frozen=True)
class Reason:
    """Why a node cannot, and what to do about it."""

    why: str
    hint: str


def unfit(recipe: Recipe, cluster: Cluster, nodes: Iterable[Node]) -> list[NodebakeError]:
    """Which of `nodes` cannot boot `recipe` over the network; an error for each reason."""
    boards = {board.name for board in recipe.boards}

    def reason(node: Node) -> Reason | None:
        network = cluster.networks[node.network]
        if network.wireless:
            return Reason(f"`{network.name}` is wireless, and a boot ROM knows Ethernet", "give it a card")
        if node.board not in boards:
            has = ", ".join(sorted(boards))
            return Reason(f"it is not made for `{node.board}`", f"add it to the recipe's boards: {has}")
        if not node.mac:
            return Reason(
                "the head knows who asks by a MAC address, and none is known", "nodebake nodes discover"
            )
        return None

    return _told(recipe.name, cluster, nodes, reason)


def too_small(recipe: str, netboot: Netboot, cluster: Cluster, nodes: Iterable[Node]) -> list[NodebakeError]:
    """Which of `nodes` cannot hold a root of mode ram; an error for each board."""
    memory = {board.name: board.memory << 20 for board in netboot.boards}

    def reason(node: Node) -> Reason | None:
        if netboot.needs + LEFT <= memory[node.board]:
            return None
        has = f"a `{node.board}` has {memory[node.board] >> 20} MiB of memory"
        wants = f"its root takes {netboot.needs >> 20}, and {LEFT >> 20} must be left"
        return Reason(f"{has}, {wants}", "make the root smaller, or take the mode `shared`")

    return _told(recipe, cluster, nodes, reason) if netboot.mode == "ram" else []


def _told(
    recipe: str, cluster: Cluster, nodes: Iterable[Node], reason: Callable[[Node], Reason | None]
) -> list[NodebakeError]:
    groups: dict[Reason, list[Node]] = {}
    for node in nodes:
        found = reason(node)
        if found:
            groups.setdefault(found, []).append(node)
    return [
        RecipeError(f"`{cluster.fold(group)}` cannot boot `{recipe}`: {found.why}", hint=found.hint)
        for found, group in groups.items()
    ]
