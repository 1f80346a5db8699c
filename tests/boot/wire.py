# SPDX-License-Identifier: Apache-2.0
"""The other end of an emulated machine's network cable: Ethernet frames, written by hand.

The emulator sends each frame as a datagram to a socket, so a test can be a node without owning a network
card, a name space or a privilege.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

IPV4, ARP = 0x0800, 0x0806
TCP, UDP = 6, 17
SYN, RST, ACK = 0x02, 0x04, 0x10
BROADCAST = b"\xff" * 6
NOBODY, EVERYBODY = IPv4Address("0.0.0.0"), IPv4Address("255.255.255.255")
_DHCP_MAGIC = b"\x63\x82\x53\x63"
# What a boot ROM calls itself.
_ROM = b"PXEClient:Arch:00000:UNDI:002001"


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet of UDP or TCP; `flags` are TCP's."""

    source: IPv4Address
    target: IPv4Address
    source_port: int
    target_port: int
    body: bytes
    flags: int | None = None


@dataclass(frozen=True)
class Offer:
    """What a DHCP server offers: the address, and its options by number."""

    address: IPv4Address
    options: dict[int, bytes]
    seconds: float
    """How long it took."""


@dataclass
class Wire:
    """A cable with one machine at its other end, whose network card has the address `theirs`."""

    here: socket.socket
    there: Path
    theirs: str
    _port: int = field(default=40000)

    def options(self) -> tuple[str, ...]:
        """How the emulator plugs it in."""
        ends = (
            f"local.type=unix,local.path={self.there},remote.type=unix,remote.path={self.here.getsockname()}"
        )
        card = f"virtio-net-pci,netdev=wire,mac={self.theirs},romfile="
        return ("-netdev", f"dgram,id=wire,{ends}", "-device", card)

    def node(self, mac: str, address: str | None = None) -> Node:
        """A machine on the cable."""
        return Node(self, mac_bytes(mac), IPv4Address(address) if address else NOBODY)

    def next_port(self) -> int:
        """A port that no earlier question was asked from."""
        self._port += 1
        return self._port

    def send(self, frame: bytes) -> None:
        self.here.sendto(frame, str(self.there))

    def frames(self, seconds: float) -> Iterator[bytes]:
        """Frames as they come, for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.here.settimeout(left)
            try:
                yield self.here.recv(65536)
            except TimeoutError:
                return


@dataclass(frozen=True)
class Node:
    """A machine on the cable. It answers who has its address, and asks what tests want to know."""

    wire: Wire
    mac: bytes
    address: IPv4Address

    def dhcp(self, seconds: float) -> Offer | None:
        """Ask for an address as a boot ROM does: a DISCOVER, and no word after the offer."""
        mark = struct.pack("!I", self.wire.next_port())
        fixed = struct.pack("!BBBB4sHH16x16s192x", 1, 1, 6, 0, mark, 0, 0, self.mac)
        said = {53: b"\x01", 55: bytes([1, 3, 6, 42, 43, 60, 66, 67]), 60: _ROM, 93: b"\0\0", 94: b"\1\2\1"}
        options = b"".join(bytes([number, len(value)]) + value for number, value in said.items())
        body = fixed + _DHCP_MAGIC + options + b"\xff"
        began = time.monotonic()
        asker = Node(self.wire, self.mac, NOBODY)
        asker.put(Packet(NOBODY, EVERYBODY, 68, 67, body), BROADCAST)
        for packet in asker.packets(seconds):
            if packet.target_port == 68 and packet.body[4:8] == mark:
                return Offer(
                    IPv4Address(packet.body[16:20]), _options(packet.body[240:]), time.monotonic() - began
                )
        return None

    def ask(self, target: str, port: int, body: bytes, seconds: float = 10) -> Packet | None:
        """The first answer to a datagram, from whatever port it comes."""
        mine = self.wire.next_port()
        self.put(Packet(self.address, IPv4Address(target), mine, port, body))
        return next((p for p in self.packets(seconds) if p.target_port == mine and p.flags is None), None)

    def knock(self, target: str, port: int, seconds: float = 10) -> str:
        """What a TCP port says to a SYN: `open`, `closed`, or `silent`."""
        mine = self.wire.next_port()
        self.put(Packet(self.address, IPv4Address(target), mine, port, b"", SYN))
        for packet in self.packets(seconds):
            if packet.target_port == mine and packet.flags is not None:
                return "closed" if packet.flags & RST else "open"
        return "silent"

    def tftp(self, target: str, name: str) -> bytes | str:
        """A file's bytes, or the server's words."""
        request = b"\0\1" + name.encode() + b"\0octet\0"
        mine, blocks = self.wire.next_port(), list[bytes]()
        self.put(Packet(self.address, IPv4Address(target), mine, 69, request))
        for packet in self.packets(60):
            if packet.target_port != mine:
                continue
            kind, number = struct.unpack("!HH", packet.body[:4])
            if kind == 5:
                return packet.body[4:-1].decode()
            self.put(
                Packet(self.address, packet.source, mine, packet.source_port, b"\0\4" + packet.body[2:4])
            )
            if number == len(blocks) + 1:
                blocks.append(packet.body[4:])
            if len(packet.body) < 4 + 512:
                return b"".join(blocks)
        return "no answer"

    def packets(self, seconds: float) -> Iterator[Packet]:
        """What is sent to us, for so long; questions for our MAC address are answered on the way."""
        for frame in self.wire.frames(seconds):
            (kind,) = struct.unpack("!H", frame[12:14])
            if kind == ARP:
                self._say_where(frame)
            elif kind == IPV4 and frame[:6] in (self.mac, BROADCAST):
                packet = _parsed(frame[14:])
                if packet and (self.address == NOBODY or packet.target in (self.address, EVERYBODY)):
                    yield packet

    def put(self, packet: Packet, target: bytes | None = None) -> None:
        """Send a packet to the machine, or to all."""
        frame = (target or mac_bytes(self.wire.theirs)) + self.mac + struct.pack("!H", IPV4) + _built(packet)
        self.wire.send(frame.ljust(60, b"\0"))

    def _say_where(self, frame: bytes) -> None:
        operation, their_mac, their_ip, wanted = struct.unpack("!6xH6s4s6x4s", frame[14:42])
        if operation == 1 and wanted == self.address.packed:
            head = struct.pack("!HHBBH", 1, IPV4, 6, 4, 2)
            answer = (
                their_mac
                + self.mac
                + struct.pack("!H", ARP)
                + head
                + self.mac
                + wanted
                + their_mac
                + their_ip
            )
            self.wire.send(answer.ljust(60, b"\0"))


@contextmanager
def wire(folder: Path, theirs: str) -> Iterator[Wire]:
    """A cable, its two ends sockets in `folder`, whose path should be short."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as here:
        here.bind(str(folder / "here"))
        yield Wire(here, folder / "there", theirs)


def _options(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _built(packet: Packet) -> bytes:
    ends = packet.source.packed + packet.target.packed
    if packet.flags is None:
        # Without a checksum, which UDP may be.
        ports = packet.source_port, packet.target_port
        body = struct.pack("!HHHH", *ports, 8 + len(packet.body), 0) + packet.body
    else:
        body = _segment(packet, 0)
        body = _segment(packet, _checksum(ends + struct.pack("!BBH", 0, TCP, len(body)) + body))
    kind = UDP if packet.flags is None else TCP
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, kind, 0) + ends
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def _segment(packet: Packet, checksum: int) -> bytes:
    assert packet.flags is not None
    ports = packet.source_port, packet.target_port
    return struct.pack("!HHIIBBHHH", *ports, 1, 0, 5 << 4, packet.flags, 1024, checksum, 0) + packet.body


def _parsed(data: bytes) -> Packet | None:
    """A packet of UDP or TCP; what the frame was filled up with is cut off."""
    kind, head = data[9], (data[0] & 15) * 4
    if kind not in (UDP, TCP):
        return None
    body = data[head : int.from_bytes(data[2:4])]
    source, target = IPv4Address(data[12:16]), IPv4Address(data[16:20])
    source_port, target_port = struct.unpack("!HH", body[:4])
    if kind == UDP:
        return Packet(source, target, source_port, target_port, body[8:])
    return Packet(source, target, source_port, target_port, body[(body[12] >> 4) * 4 :], body[13])
