# SPDX-License-Identifier: Apache-2.0
"""Which board is in a place: what the log says when the place has just got its power."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.cluster import hardware
from builder.cluster.cluster import Cluster, Node
from builder.cluster.edit import Changes, Fields
from builder.head.upkeep.dnsmasq_log import Dhcp, Event


@dataclass
class Ear:
    """Listens for the board of one place. Boards in `known` are on, and have their own reasons to ask."""

    known: frozenset[str]
    asked: dict[str, str] = field(default_factory=dict)
    """MAC address to serial number; empty until the board has shown it."""
    _offered: dict[str, str] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take in an event of the log."""
        if isinstance(event, Dhcp):
            if event.word == "offer":
                self._offered[event.address] = event.mac
            elif event.word == "discover" and self._may_be_it(event.mac):
                self.asked.setdefault(event.mac, "")
        elif event.serial():
            mac = self._offered.get(event.address, "")
            if mac in self.asked:
                self.asked[mac] = event.serial()

    def content(self) -> bool:
        """Whether there is a board of which everything is known."""
        return any(self.asked.values())

    def _may_be_it(self, mac: str) -> bool:
        return mac not in self.known and hardware.is_raspberry(mac)


@dataclass(frozen=True)
class Finding:
    """What came of a place. Without a `mac`, `why` says why there is none."""

    node: Node
    mac: str = ""
    serial: str = ""
    why: str = ""

    @property
    def news(self) -> bool:
        """Whether it is not what the inventory says."""
        serial = self.serial or self.node.serial
        return bool(self.mac) and (self.mac, serial) != (self.node.mac, self.node.serial)


def finding(node: Node, asked: dict[str, str], seconds: float) -> Finding:
    """What those who asked amount to."""
    if not asked:
        return Finding(node, why=f"no board asked within {seconds:g} s")
    if len(asked) > 1:
        return Finding(node, why=f"several asked: {', '.join(sorted(asked))}")
    ((mac, serial),) = asked.items()
    return Finding(node, mac, serial)


def remark(cluster: Cluster, found: Finding) -> str:
    """A finding in words, beside what the inventory has."""
    if not found.mac:
        return found.why
    silent = "" if found.serial else "; its serial number is not known: it was offered no address"
    if not found.news:
        return f"as in cluster.yaml{silent if not found.node.serial else ''}"
    owner = next((node.name for node in cluster.nodes if node.mac == found.mac), None)
    if found.mac == found.node.mac:
        return f"its serial number is {'new' if not found.node.serial else f'not {found.node.serial}'}"
    here = f"not {found.node.mac}" if found.node.mac else "new"
    return here + (f"; cluster.yaml has it as {owner}" if owner else "") + silent


def changes(findings: Iterable[Finding]) -> Changes:
    """What to write. A board whose serial number is not known does not take the place of another one."""
    changed: dict[int, Fields] = {}
    for found in findings:
        if found.news and (found.serial or not found.node.serial):
            serial = {"serial": found.serial} if found.serial else {}
            changed[found.node.number] = {"mac": found.mac, **serial}
    return Changes(changed=changed)
