# SPDX-License-Identifier: Apache-2.0
"""Simulated nodes that boot over the network when their power comes, as a dnsmasq log shows it.

Of nodes that ask at the same time only the first few are served; the others ask in vain and are silent until
their power is cycled, as a rack of Pi 3s does (22 switched on together: 3 came up).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Face:
    """How dnsmasq knows a node."""

    mac: str
    address: str
    serial: str


def made_up(number: int) -> Face:
    """A face for a node that no inventory names."""
    return Face(f"b8:27:eb:00:00:{number:02x}", f"10.42.0.{number}", f"000000{number:02x}")


@dataclass(frozen=True)
class Pace:
    """`boot` is the time from power to services, in seconds, give or take a quarter; a third of it, the
    node asks for its address and its first files. `together` nodes that ask at once are served."""

    boot: float = 20.0
    together: int = 3
    seed: int = 1


class Boots:
    """The nodes. `write` gets each line of the log, without its end."""

    def __init__(self, pace: Pace, faces: Mapping[int, Face], write: Callable[[str], None]) -> None:
        self._pace = pace
        self._faces = faces
        self._write = write
        self._random = Random(pace.seed)
        self._running: dict[int, asyncio.Task[None]] = {}
        self._asking: set[int] = set()
        self.up: set[int] = set()

    def switched(self, number: int, on: bool) -> None:
        """A node's power came or went."""
        self.up.discard(number)
        self._asking.discard(number)
        if (running := self._running.pop(number, None)) is not None:
            running.cancel()
        if on:
            took = self._pace.boot * self._random.uniform(0.75, 1.25)
            self._running[number] = asyncio.create_task(self._boot(number, took))

    async def _boot(self, number: int, took: float) -> None:
        face = self._faces.get(number) or made_up(number)
        await asyncio.sleep(took / 3)
        served = len(self._asking) < self._pace.together
        self._lines(asks(face, served))
        if not served:
            return
        self._asking.add(number)
        await asyncio.sleep(took / 3)
        self._asking.discard(number)
        self._lines(loads(face))
        await asyncio.sleep(took / 3)
        self._lines(runs(face))
        self.up.add(number)

    def _lines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._write(line)


def asks(face: Face, served: bool) -> Iterator[str]:
    """The boot ROM: it takes the offer and never sends a request."""
    yield f"dnsmasq-dhcp[412]: DHCPDISCOVER(eth0) {face.mac} "
    if served:
        yield f"dnsmasq-dhcp[412]: DHCPOFFER(eth0) {face.address} {face.mac} "
        yield f"dnsmasq-tftp[412]: sent /pxe/boot/bootcode.bin to {face.address}"


def loads(face: Face) -> Iterator[str]:
    """The files of a board that has no folder of its own."""
    yield f"dnsmasq-tftp[412]: file /pxe/boot/{face.serial}/start.elf not found for {face.address}"
    yield f"dnsmasq-tftp[412]: sent /pxe/boot/start.elf to {face.address}"
    yield f"dnsmasq-tftp[412]: sent /pxe/boot/kernel8.img to {face.address}"


def runs(face: Face) -> Iterator[str]:
    """The kernel asks once more, and properly."""
    yield f"dnsmasq-dhcp[412]: DHCPDISCOVER(eth0) {face.mac} "
    yield f"dnsmasq-dhcp[412]: DHCPOFFER(eth0) {face.address} {face.mac} "
    yield f"dnsmasq-dhcp[412]: DHCPREQUEST(eth0) {face.address} {face.mac} "
    yield f"dnsmasq-dhcp[412]: DHCPACK(eth0) {face.address} {face.mac} "
