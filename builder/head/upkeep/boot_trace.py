# SPDX-License-Identifier: Apache-2.0
"""From dnsmasq's log: how far each node came the last time that it booted, and what that means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from builder.head.node.inventory import Inventory, Node
from builder.head.upkeep.dnsmasq_log import Dhcp, Tftp, event

ASKED, OFFERED, FIRMWARE, SETTINGS, KERNEL, INITRAMFS, ROOT = range(7)


@dataclass(frozen=True)
class Trace:
    """`stage` orders the ends of a boot; `file` is the last that was sent; `meaning` says what to look at."""

    node: str
    stage: int
    file: str
    meaning: str

    @property
    def stopped(self) -> bool:
        """Whether it came less far than its root."""
        return self.stage < ROOT


def traces(inventory: Inventory, lines: Iterable[str], initramfs: Mapping[str, str]) -> tuple[Trace, ...]:
    """The last boot of each node that the log tells of, in the inventory's order.

    `initramfs` names, for each node that has one, the file that comes last.
    """
    by_mac = {node.mac: node for node in inventory.nodes}
    by_address = {node.address: node for node in inventory.nodes}
    found: dict[str, Trace] = {}
    for line in lines:
        seen = event(line)
        node = by_mac.get(seen.mac) if isinstance(seen, Dhcp) else seen and by_address.get(seen.address)
        if seen and node:
            former = found.get(node.name)
            after = (
                _dhcp(node, seen, former) if isinstance(seen, Dhcp) else _tftp(node, seen, former, initramfs)
            )
            if after:
                found[node.name] = after
    return tuple(found[node.name] for node in inventory.nodes if node.name in found)


def starts(inventory: Inventory, lines: Iterable[str]) -> dict[str, int]:
    """How often each node has fetched a kernel whole, which it does once a start."""
    by_address = {node.address: node.name for node in inventory.nodes}
    found: dict[str, int] = dict.fromkeys(by_address.values(), 0)
    for line in lines:
        seen = event(line)
        if isinstance(seen, Tftp) and seen.word == "sent" and seen.address in by_address:
            found[by_address[seen.address]] += _stage(PurePosixPath(seen.file).name) == KERNEL
    return found


def _dhcp(node: Node, seen: Dhcp, former: Trace | None) -> Trace | None:
    if seen.word in ("request", "ack"):
        # A boot ROM never sends a REQUEST: this is the initramfs or the system, and it has what it needs.
        return Trace(
            node.name, ROOT, former.file if former else "", "its system asks for an address: it is up"
        )
    if seen.word == "discover":
        if former and INITRAMFS <= former.stage < ROOT:
            return None  # the initramfs asks on its own behalf; REQUEST follows
        return Trace(node.name, ASKED, "", "its ROM asks and got no answer: is dnsmasq at work on this port?")
    if seen.word == "offer" and (former is None or former.stage <= OFFERED):
        return Trace(
            node.name,
            OFFERED,
            "",
            "it was offered an address and fetched nothing: a 3B that was answered too soon stays silent, "
            "or another DHCP server was first; cycle its power",
        )
    return None


def _tftp(node: Node, seen: Tftp, former: Trace | None, initramfs: Mapping[str, str]) -> Trace | None:
    name = PurePosixPath(seen.file).name
    if seen.word == "missing":
        return None  # a ROM asks for much that is not there
    if seen.word == "failed":
        stage = former.stage if former else FIRMWARE
        return Trace(
            node.name,
            stage,
            seen.file,
            f"`{name}` broke off: look at its cable and port, and at the head's load",
        )
    if name == "bootcode.bin":
        return Trace(
            node.name,
            FIRMWARE,
            seen.file,
            "its ROM has bootcode.bin and asks for no more: cycle its power",
        )
    if name == initramfs.get(node.name):
        return Trace(
            node.name,
            INITRAMFS,
            seen.file,
            "it has kernel and initramfs and never asked for an address: see `nodebake logs --kernel`; "
            "kernel and device tree may not fit the board",
        )
    stage = max(former.stage if former else 0, _stage(name))
    return Trace(node.name, stage, seen.file, _MEANING[min(stage, KERNEL)])


def _stage(name: str) -> int:
    if name.startswith(("start", "fixup", "bootsig")):
        return FIRMWARE
    if name.startswith(("vmlinuz", "kernel")):
        return KERNEL
    return SETTINGS


_MEANING = {
    ASKED: "its ROM asks and got no answer",
    OFFERED: "it was offered an address and fetched nothing",
    FIRMWARE: "its firmware does not go on: start*.elf and fixup*.dat may be of two versions",
    SETTINGS: "it reads config.txt and never asked for the kernel: is there one for this board?",
    KERNEL: "it has the kernel and not the initramfs: a transfer was cut, or `tftp-max` is too low",
}
