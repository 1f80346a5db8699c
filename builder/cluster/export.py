# SPDX-License-Identifier: Apache-2.0
"""The inventory as other programs read it; each form is one function of the cluster and some of its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from builder.cluster import mac_table
from builder.cluster.cluster import Cluster, Node
from builder.cluster.words import ALL, fold


def table(_: Cluster, nodes: Sequence[Node]) -> str:
    """`NUMBER MAC` a line: /pxe/meta/mac_nodes."""
    return mac_table.text(mac_table.rows(nodes))


def dnsmasq(cluster: Cluster, nodes: Sequence[Node]) -> str:
    """Fixed addresses for the head's dnsmasq, as in /etc/dnsmasq.d/mac_table: of nodes on its own network."""
    own = {name for name, network in cluster.networks.items() if cluster.head.address in network.subnet}
    return _lines(
        f"dhcp-host={node.mac},{node.name},{node.address},infinite"
        for node in nodes
        if node.mac and node.network in own
    )


def hosts(cluster: Cluster, nodes: Sequence[Node]) -> str:
    """Lines of /etc/hosts: the head, then the nodes."""
    pairs = [(cluster.head.address, cluster.head.name), *((node.address, node.name) for node in nodes)]
    return _lines(f"{address} {name}" for address, name in pairs)


def clush(cluster: Cluster, nodes: Sequence[Node]) -> str:
    """Groups for ClusterShell, a line each: those that have any of the nodes, and all of them."""
    wanted = {node.name for node in nodes}
    groups = {ALL: wanted} | {group: wanted.intersection(names) for group, names in cluster.groups.items()}
    return _lines(f"{group}: {fold(names)}" for group, names in groups.items() if names)


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
