# SPDX-License-Identifier: Apache-2.0
"""A machine as a place to log in to."""

from __future__ import annotations

from dataclasses import dataclass

from builder.cluster.cluster import Cluster, Node


@dataclass(frozen=True)
class Machine:
    """A machine that can be logged in to, at any of its addresses."""

    name: str
    addresses: tuple[str, ...]
    user: str
    via_head: bool = False
    """Reached by way of the head, and not from here."""


def node_machine(cluster: Cluster, node: Node, *, via_head: bool = False) -> Machine:
    """A node, to log in to: by way of the head where this call, its network or the cluster says so."""
    jump = via_head or cluster.ssh.through_head or cluster.networks[node.network].via_head
    return Machine(node.name, (str(node.address),), cluster.ssh.user, jump)


def head_machine(cluster: Cluster) -> Machine:
    """The head, to log in to."""
    return Machine(cluster.head.name, addresses_of_head(cluster), cluster.head.user)


def addresses_of_head(cluster: Cluster) -> tuple[str, ...]:
    """Its address in the cluster, and the one outside where there is one."""
    both = (cluster.head.address, cluster.head.outside)
    return tuple(str(address) for address in both if address is not None)
