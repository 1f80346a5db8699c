# SPDX-License-Identifier: Apache-2.0
"""Asks the cluster's network who answers DHCP, as a machine would that nobody knows."""

from __future__ import annotations

import fcntl
import secrets
import socket
import struct
import time

_SERVER, _CLIENT = 67, 68
_COOKIE = b"\x63\x82\x53\x63"
PATIENCE = 3.0
"""Seconds: a server that pings an address before it offers it takes that long."""


def servers(own: str) -> list[str]:
    """The other DHCP servers on the network of the head's address `own`. Needs root for the port."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            interface = interface_of(own)
            if interface:
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            asking.bind(("", _CLIENT))
            number = secrets.token_bytes(4)
            asking.sendto(discover(number), ("255.255.255.255", _SERVER))
            return sorted(_offers(asking, number) - {own})
    except OSError:
        return []


def discover(number: bytes) -> bytes:
    """A DHCPDISCOVER that asks for its answer by broadcast, from a MAC address that was never given out."""
    mac = b"\x02nodeb"
    head = struct.pack("!BBBB4sHH16x16s192x", 1, 1, 6, 0, number, 0, 0x8000, mac.ljust(16, b"\0"))
    return head + _COOKIE + b"\x35\x01\x01" + b"\xff"


def offered_by(packet: bytes, number: bytes) -> str | None:
    """The server identifier of an OFFER that answers `number`."""
    if len(packet) < 240 or packet[0] != 2 or packet[4:8] != number or packet[236:240] != _COOKIE:
        return None
    kind, server, place = 0, "", 240
    while place + 1 < len(packet) and packet[place] != 0xFF:
        code, size = packet[place], packet[place + 1]
        if code == 0:
            place += 1
            continue
        value = packet[place + 2 : place + 2 + size]
        if code == 53 and value:
            kind = value[0]
        if code == 54 and size == 4:
            server = socket.inet_ntoa(value)
        place += 2 + size
    return server if kind == 2 and server else None


def interface_of(address: str) -> str:
    """The interface that has this address, empty when none has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe.fileno(), 0x8915, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            if socket.inet_ntoa(answer[20:24]) == address:
                return name
    return ""


def _offers(asking: socket.socket, number: bytes) -> set[str]:
    found = set()
    until = time.monotonic() + PATIENCE
    while (left := until - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            server = offered_by(asking.recv(4096), number)
        except TimeoutError:
            break
        if server:
            found.add(server)
    return found
