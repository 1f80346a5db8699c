# SPDX-License-Identifier: Apache-2.0
"""What a line of dnsmasq's log says of how far a node is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.cluster.cluster import Node
from builder.power.startup import Phase

_DHCP = re.compile(
    r"\bDHCP(DISCOVER|REQUEST|ACK)\([^)]*\)(?: (?P<address>[0-9.]+))? (?P<mac>[0-9a-f:]{17})\b"
)
_TFTP = re.compile(r"\bsent \S+ to (?P<address>[0-9.]+)\s*$")


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
        if (found := _DHCP.search(line)) is not None:
            number = self.by_mac.get(found["mac"])
            acknowledged = Phase.UP if self.up_at_ack else Phase.LOADS
            phase = acknowledged if found[1] == "ACK" else Phase.ASKS
        elif (found := _TFTP.search(line)) is not None:
            number, phase = self.by_address.get(found["address"]), Phase.LOADS
        else:
            return None
        return None if number is None else (number, phase)
