# SPDX-License-Identifier: Apache-2.0
"""`cluster` as templates see it: plain values, and of the power drivers nothing but their names."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from builder.cluster.cluster import Cluster, Head, Network, Node


def template_values(cluster: Cluster) -> dict[str, Any]:
    """`head`, `networks` by name, `nodes` in the order of their numbers, `groups` as lists of names."""
    return {
        "head": _plain(cluster.head),
        "networks": {name: _network(network) for name, network in cluster.networks.items()},
        "nodes": [_plain(node) for node in cluster.nodes],
        "groups": {group: list(names) for group, names in cluster.groups.items()},
    }


def _network(network: Network) -> dict[str, Any]:
    subnet = network.subnet
    more = {
        "address": str(subnet.network_address),
        "netmask": str(subnet.netmask),
        "prefix": subnet.prefixlen,
    }
    return {**_plain(network), **more}


def _plain(value: Head | Network | Node) -> dict[str, Any]:
    return {each.name: _word(getattr(value, each.name)) for each in fields(value)}


def _word(value: object) -> object:
    """What is not known is the empty string, so that a template can ask `if`."""
    if value is None:
        return ""
    if isinstance(value, IPv4Address | IPv4Network):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
