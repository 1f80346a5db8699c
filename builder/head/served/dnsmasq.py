# SPDX-License-Identifier: Apache-2.0
"""The head's part of dnsmasq's configuration: fixed addresses, and what boot ROMs need. Pure.

A 3B's or 3B+'s ROM takes the OFFER and never sends a REQUEST: without fixed addresses two boards may take the
same one. It wants option 60 `PXEClient` and option 43 with the string below; a 3B computes the length of that
wrongly, hence three spaces behind it. An answer within 2 s can lock a 3B up, hence the delay.

dnsmasq refuses some settings that stand there twice. So what another file of the site's has is left out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from builder.head.ground.layout import Layout
from builder.head.node.inventory import Inventory

HEADER = "# Written by nodebake-head, which overwrites it. Your own settings belong in another file.\n"
Settings = Mapping[str, Sequence[str]]
"""Values by keyword, as files of dnsmasq have them."""
_SPARE = 16


def fragment(layout: Layout, inventory: Inventory, elsewhere: Settings) -> str:
    """A file for /etc/dnsmasq.d, beside files that have the settings `elsewhere`."""
    general = {
        "enable-tftp": "",
        "tftp-root": str(layout.boot),
        # A node asks below its MAC address; there is one folder, a link, for each.
        "tftp-unique-root": "mac",
        "tftp-max": str(tftp_max(inventory)),
        "pxe-service": '0,"Raspberry Pi Boot   "',
        "dhcp-reply-delay": "tag:pi3b,1",
        # From the log `nodebake doctor` reads at which file a node stopped.
        "log-dhcp": "",
        # The ping that looks whether an address is in use costs 3 s, and all of these are fixed.
        "no-ping": "",
    }
    lines = [f"{key}={value}" if value else key for key, value in general.items() if key not in elsewhere]
    lines += _ranges(inventory, elsewhere.get("dhcp-range", ()))
    lines += [
        f"dhcp-host={node.mac},set:{node.board},{node.address},{node.name},infinite"
        for node in inventory.nodes
    ]
    return HEADER + "\n".join(lines) + "\n"


def tftp_max(inventory: Inventory) -> int:
    """Transfers at once: two for each node, and some to spare. The default of 50 is fewer than the nodes."""
    return 2 * len(inventory.nodes) + _SPARE


def settings(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and value of each line of a configuration."""
    for line in text.splitlines():
        key, _, value = line.partition("#")[0].partition("=")
        if key.strip():
            yield key.strip(), value.strip()


def conflicts(layout: Layout, elsewhere: Settings) -> list[str]:
    """What the site's own files say that would hide the nodes' directories."""
    wanted = {"tftp-root": str(layout.boot), "tftp-unique-root": "mac"}
    return [
        f"{key}={value} stands there, and {key}={wanted[key]} is needed"
        for key in wanted
        for value in elsewhere.get(key, ())
        if value.rstrip("/") != wanted[key]
    ]


def _ranges(inventory: Inventory, elsewhere: Sequence[str]) -> Iterator[str]:
    there = " ".join(elsewhere)
    for subnet in inventory.subnets:
        network = IPv4Network(subnet)
        if str(network.network_address) not in there.replace(",", " ").split():
            yield f"dhcp-range={network.network_address},static,{network.netmask},infinite"
