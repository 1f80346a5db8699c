# SPDX-License-Identifier: Apache-2.0
"""The head's part of dnsmasq's configuration: fixed addresses, and what boot ROMs need. Pure.

A 3B's or 3B+'s ROM takes the OFFER and never sends a REQUEST: without fixed addresses two boards may take the
same one. It wants option 60 `PXEClient` and option 43 with the string below; a 3B computes the length of that
wrongly, hence three spaces behind it. An answer within 2 s can lock a 3B up, hence the delay.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from builder.head.inventory import Inventory
from builder.head.layout import Layout

HEADER = "# Written by nodebake-head, which overwrites it. Your own settings belong in another file.\n"
_DELAYED = ("pi3b",)
_SPARE = 16


def fragment(layout: Layout, inventory: Inventory) -> str:
    """A file for /etc/dnsmasq.d."""
    lines = [
        "enable-tftp",
        f"tftp-root={layout.boot}",
        "# A node asks below its MAC address; there is one folder, a link, for each node.",
        "tftp-unique-root=mac",
        "# The default of 50 is fewer than the nodes; one may have several transfers open after a time-out.",
        f"tftp-max={tftp_max(inventory)}",
        'pxe-service=0,"Raspberry Pi Boot   "',
        "dhcp-reply-delay=tag:nodebake-slow,1",
        "# `nodebake doctor` reads from the log at which file a node stopped.",
        "log-dhcp",
        "# The ping that looks whether an address is in use costs 3 s, and all of these are fixed.",
        "no-ping",
    ]
    for subnet in inventory.subnets:
        network = IPv4Network(subnet)
        lines.append(f"dhcp-range={network.network_address},static,{network.netmask},infinite")
    for node in inventory.nodes:
        tag = ",set:nodebake-slow" if node.board in _DELAYED else ""
        lines.append(f"dhcp-host={node.mac}{tag},{node.address},{node.name},infinite")
    return HEADER + "\n".join(lines) + "\n"


def tftp_max(inventory: Inventory) -> int:
    """Transfers at once: two for each node, and some to spare."""
    return 2 * len(inventory.nodes) + _SPARE
