# SPDX-License-Identifier: Apache-2.0
"""Boards on a wire: a program that boots one for each line `MAC SERIAL [kernel]` that it reads.

Each does what a Pi 3's boot ROM does: it broadcasts DHCPDISCOVER, takes the OFFER without a REQUEST, and
asks for its files by TFTP. With the word `kernel` it then asks for an address properly, as Linux does. It
answers with a line `MAC ADDRESS`, or `MAC -` when nobody offered one.
"""

from __future__ import annotations

import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

WIRE = "board0"
ASKS = 4  # a 3B+ asks four times, and is then silent
BETWEEN = 0.3  # seconds; a board takes some more
FILES = ("bootcode.bin", "bootsig.bin", "{serial}/start.elf", "autoboot.txt", "config.txt", "start.elf")
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
PXE = b"\x3c\x20PXEClient:Arch:00000:UNDI:002001"  # option 60
_MAGIC = b"\x63\x82\x53\x63"
_ETHERNET, _UDP = 0x0800, 17


def main() -> None:
    wait_for_wire()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERNET)) as wire:
        wire.bind((WIRE, 0))
        for number, line in enumerate(sys.stdin, 1):
            mac, serial, *more = line.split()
            address = boot(wire, number, mac, serial)
            if address and more == ["kernel"]:
                lease(wire, number, mac)
            print(mac, address or "-", flush=True)


def wait_for_wire() -> None:
    """Whoever started us moves it into our namespace."""
    while WIRE not in [name for _, name in socket.if_nameindex()]:
        time.sleep(0.02)
    ip("link", "set", WIRE, "up")
    ip("link", "set", WIRE, "promisc", "on")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)


def boot(wire: socket.socket, number: int, mac: str, serial: str) -> str | None:
    """The address that was offered, after all files were asked for."""
    offer = ask(wire, number << 8, mac, DISCOVER, OFFER, PXE, tries=ASKS)
    if offer is None:
        return None
    address, server = offer
    ip("address", "replace", f"{address}/24", "dev", WIRE)
    for file in FILES:
        fetch(address, server, file.format(serial=serial))
    return address


def lease(wire: socket.socket, number: int, mac: str) -> None:
    """DISCOVER, OFFER, REQUEST, ACK."""
    offer = ask(wire, number << 8 | 1, mac, DISCOVER, OFFER)
    if offer is None:
        raise SystemExit(f"no offer for {mac}")
    wanted = b"\x32\x04" + socket.inet_aton(offer[0]) + b"\x36\x04" + socket.inet_aton(offer[1])
    if ask(wire, number << 8 | 1, mac, REQUEST, ACK, wanted) is None:
        raise SystemExit(f"no acknowledgement for {mac}")


def ask(
    wire: socket.socket, xid: int, mac: str, kind: int, answer: int, options: bytes = b"", *, tries: int = 3
) -> tuple[str, str] | None:
    """The address and the server of the answer to a DHCP message."""
    for _ in range(tries):
        wire.send(frame(xid, mac, kind, options))
        until = time.monotonic() + BETWEEN
        for got in heard(wire, until):
            found = offered(got, xid, answer)
            if found:
                return found
    return None


def frame(xid: int, mac: str, kind: int, options: bytes) -> bytes:
    """A DHCP message that everyone on the wire hears."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    flags = 0x8000  # answer by broadcast: we have no address yet
    bootp = struct.pack("!BBBBIHH16s16s192s", 1, 1, 6, 0, xid, 0, flags, b"", hardware, b"") + _MAGIC
    bootp += bytes([0x35, 1, kind]) + options + b"\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    everywhere = b"\xff" * 4
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, _UDP, 0, bytes(4), everywhere)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return b"\xff" * 6 + hardware + struct.pack("!H", _ETHERNET) + head + udp


def heard(wire: socket.socket, until: float) -> Iterator[bytes]:
    """What comes over the wire until then."""
    while (left := until - time.monotonic()) > 0:
        if select.select([wire], [], [], left)[0]:
            yield wire.recv(2048)


def offered(got: bytes, xid: int, answer: int) -> tuple[str, str] | None:
    """Address and server, when this is the answer to our message."""
    udp = got[14 + (got[14] & 15) * 4 :]
    bootp = udp[8:]
    if got[23] != _UDP or struct.unpack("!H", udp[2:4])[0] != 68 or struct.unpack("!I", bootp[4:8])[0] != xid:
        return None
    options, found = bootp[240:], {}
    while options and options[0] != 0xFF:
        size = options[1]
        found[options[0]] = options[2 : 2 + size]
        options = options[2 + size :]
    if found.get(0x35) != bytes([answer]):
        return None
    return socket.inet_ntoa(bootp[16:20]), socket.inet_ntoa(found[0x36])


def fetch(address: str, server: str, file: str) -> None:
    """Ask for a file as the boot ROM does, and take it if it is there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((address, 0))
        udp.settimeout(2)
        udp.sendto(b"\0\1" + file.encode() + b"\0octet\0tsize\x000\0blksize\x001024\0", (server, 69))
        while True:
            got, peer = udp.recvfrom(2048)
            kind, block = struct.unpack("!HH", got[:4])
            if kind == 5:
                return
            udp.sendto(struct.pack("!HH", 4, 0 if kind == 6 else block), peer)
            if kind == 3 and len(got) < 4 + 1024:
                return


if __name__ == "__main__":
    main()
