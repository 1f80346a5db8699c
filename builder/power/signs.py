# SPDX-License-Identifier: Apache-2.0
"""What a line of dnsmasq's log says of how far a node is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.cluster.cluster import Node
from builder.head.upkeep.dnsmasq_log import Dhcp, Tftp, event
from builder.power.startup import Phase


@dataclass(frozen=True)
class Faces:
    """Nodes as dnsmasq knows them."""

    by_mac: Mapping[str, int]
    by_address: Mapping[str, int]
    up_at_ack: bool
    """Whether a node counts as up once its kernel took an address: its boot ROM never requests one."""

    @classmethod
    def of(cls, nodes: Iterable[Node], *, up_at_ack: bool) -> Faces:
        """The faces of nodes; one without a MAC address is known by the address that it will get."""
        chosen = list(nodes)
        return cls(
            {node.mac: node.number for node in chosen if node.mac},
            {str(node.address): node.number for node in chosen},
            up_at_ack,
        )

    def sign(self, line: str) -> tuple[int, Phase] | None:
        """Whose line it is and how far that node is; None when it tells nothing of these nodes."""
        match event(line):
            case Dhcp(word="discover" | "request", mac=mac):
                number, phase = self.by_mac.get(mac), Phase.ASKS
            case Dhcp(word="ack", mac=mac):
                number, phase = self.by_mac.get(mac), Phase.UP if self.up_at_ack else Phase.LOADS
            case Tftp(word="sent", address=address):
                number, phase = self.by_address.get(address), Phase.LOADS
            case _:
                return None
        return None if number is None else (number, phase)
