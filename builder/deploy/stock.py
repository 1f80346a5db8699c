# SPDX-License-Identifier: Apache-2.0
"""The inventory as the head gets it: those nodes of cluster.yaml that can boot over the network. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from builder.board import definition
from builder.cluster.cluster import Cluster, Node
from builder.errors import RecipeError
from builder.head.node import inventory


def stock(cluster: Cluster) -> inventory.Inventory:
    """All nodes that network boot is for, and the networks that they are on."""
    nodes = [node for node in cluster.nodes if bootable(cluster, node)]
    networks = dict.fromkeys(str(cluster.networks[node.network].subnet) for node in nodes)
    return inventory.Inventory(
        cluster.head.name,
        str(cluster.head.address),
        tuple(networks),
        tuple(
            inventory.Node(node.name, node.number, node.mac, str(node.address), node.board, node.serial)
            for node in nodes
        ),
    )


def bootable(cluster: Cluster, node: Node) -> bool:
    """Whether the node can boot over the network: its board can, it has a cable, its MAC address is known."""
    wired = not cluster.networks[node.network].wireless
    return wired and bool(node.mac) and definition.load(node.board).netboot != "none"


def all_meant(words: Sequence[str]) -> bool:
    """Whether the words name nobody in particular: then those are meant that can."""
    return list(words) in ([], ["@all"])


def chosen(cluster: Cluster, words: Sequence[str]) -> tuple[Node, ...]:
    """The nodes that the words mean; without words or for `@all`, all that can boot over the network.

    Raises RecipeError for one that cannot, and where all are meant and none can.
    """
    nodes = cluster.nodes if all_meant(words) else cluster.select(words)
    fit = tuple(node for node in nodes if bootable(cluster, node))
    unfit = [node for node in nodes if node not in fit]
    if unfit and not (fit and all_meant(words)):
        raise RecipeError(
            f"{cluster.fold(unfit)} cannot boot over the network",
            facts=[f"{node.name}: {_why(cluster, node)}" for node in unfit[:5]],
            hint="name the others, or complete cluster.yaml: `nodebake nodes check`",
        )
    return fit


def forgotten(cluster: Cluster, words: Sequence[str]) -> tuple[Node, ...]:
    """Nodes that are not among all that the words mean, and would be if their MAC addresses were known."""
    if not all_meant(words):
        return ()
    return tuple(node for node in cluster.nodes if not node.mac and not by_card_alone(cluster, node))


def movable(cluster: Cluster, words: Sequence[str]) -> tuple[Node, ...]:
    """The nodes that the words mean, of one kind: all can boot over the network, or all by card alone.

    Without words or for `@all`, all that can boot over the network. Raises RecipeError for a mixture.
    """
    if all_meant(words):
        return chosen(cluster, words)
    nodes = cluster.select(words)
    alone = [node for node in nodes if by_card_alone(cluster, node)]
    if len(alone) == len(nodes):
        return nodes
    if alone:
        raise RecipeError(
            "some of these nodes can boot over the network, and others cannot",
            facts=[f"{cluster.fold(alone)}: {_why(cluster, alone[0])}"],
            hint="they are flashed in two ways: name the ones and the others apart",
        )
    return chosen(cluster, words)


def by_card_alone(cluster: Cluster, node: Node) -> bool:
    """Whether nothing but its card can boot the node: that is so for good, and not for a missing entry."""
    return definition.load(node.board).netboot == "none" or cluster.networks[node.network].wireless


def _why(cluster: Cluster, node: Node) -> str:
    if definition.load(node.board).netboot == "none":
        return f"a {node.board} has no network boot"
    if cluster.networks[node.network].wireless:
        return f"its network `{node.network}` is wireless"
    return "its MAC address is not known"
