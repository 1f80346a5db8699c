# SPDX-License-Identifier: Apache-2.0
"""The networks of cluster.yaml, and whether an address can be one of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from builder.cluster.cluster import Network
from builder.cluster.cluster_file import NetworkModel
from builder.cluster.reading import Reading


def read_networks(reading: Reading, given: Mapping[str, NetworkModel]) -> dict[str, Network]:
    """Those that can be read."""
    found = {}
    for name, model in given.items():
        subnet = _subnet(reading, name, model.subnet)
        first = reading.address(model.first, "networks", name, "first")
        if subnet is None:
            continue
        if first is not None and not holds(subnet, first):
            reading.problem(f"`{first}` is no address of `{subnet}`", "networks", name, "first")
        found[name] = Network(name, subnet, first, model.wireless, model.via is not None)
    return found


def holds(subnet: IPv4Network, address: IPv4Address) -> bool:
    """Whether a machine of the subnet may have the address."""
    return address in subnet and address not in (subnet.network_address, subnet.broadcast_address)


def counted(network: Network, number: int) -> IPv4Address | None:
    """The address of node `number`; None when the network does not count, or does not reach so far."""
    if network.first is None or int(network.first) + number - 1 > int(network.subnet.broadcast_address):
        return None
    return network.first + (number - 1)


def _subnet(reading: Reading, name: str, text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError as error:
        bits = "host bits" in str(error)
        hint = f"write `{IPv4Network(text, strict=False)}`" if bits else "for instance `10.42.0.0/24`"
        reading.problem(f"`{text}` is no IPv4 network", "networks", name, "subnet", hint=hint)
        return None
