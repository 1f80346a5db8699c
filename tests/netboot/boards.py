# SPDX-License-Identifier: Apache-2.0
"""Boards on a wire: a program in a network namespace of their own, which does what each JSON line orders.

{"do": "ask", "mac"}                            → {"address", "server", "options", "seconds"} or {}
{"do": "walk", "board", "mac", "serial", "address", "server", "pause"}
                                                → {"paused"} before request number `pause`, then a line is
                                                  awaited; at the end {"asked": [[NAME, SHA256, SIZE], …]}
{"do": "rush", "boards": [the like, …]}         → {"asked": {MAC: […]}, "failed": {MAC: WHY}}
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.lan.boards import DISCOVER, PXE, frame, heard, ip
from tests.netboot.rom import ROMS, boot

WIRE = "boards0"
_ETHERNET = 0x0800
# What a boot ROM asks for by option 55, and tells by 93 and 94: 32-bit PC, UNDI 2.1.
_WANTS = b"\x37\x0e" + bytes([1, 3, 43, 60, 66, 67, *range(128, 136)]) + b"\x5d\x02\0\0\x5e\x03\1\2\1"
_PATIENCE = 20
"""Seconds that a busy server may take for one packet."""
_NOBODYS = "02:00:00:00:00:01"
Asked = list[tuple[str, str, int]]


def main() -> None:
    while WIRE not in [name for _, name in socket.if_nameindex()]:
        time.sleep(0.02)
    # A board answers for its own address alone, with its own MAC address.
    for key, number in (("arp_ignore", 1), ("arp_announce", 2), ("rp_filter", 0)):
        ip_setting(key, number)
    ip("link", "set", WIRE, "up")
    ip("link", "set", WIRE, "promisc", "on")
    tell({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        tell(_ORDERS[order.pop("do")](**order))


def tell(what: object) -> None:
    print(json.dumps(what), flush=True)


def ip_setting(key: str, number: int) -> None:
    with open(f"/proc/sys/net/ipv4/conf/all/{key}", "w") as file:  # noqa: PTH123 - /proc wants one write
        file.write(f"{number}\n")


def ask(mac: str) -> dict[str, Any]:
    """What the first OFFER to a boot ROM says: it asks four times, and never sends a REQUEST."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERNET)) as wire:
        wire.bind((WIRE, 0))
        began = time.monotonic()
        number = int(mac[-2:], 16) << 8 | 7
        for _ in range(4):
            wire.send(frame(number, mac, DISCOVER, PXE + _WANTS))
            for got in heard(wire, time.monotonic() + 1.5):
                found = _offer(got, number)
                if found:
                    return {**found, "seconds": time.monotonic() - began}
    return {}


def _offer(got: bytes, number: int) -> dict[str, Any]:
    udp = got[14 + (got[14] & 15) * 4 :]
    bootp = udp[8:]
    if got[23] != 17 or struct.unpack("!H", udp[2:4])[0] != 68:
        return {}
    if struct.unpack("!I", bootp[4:8])[0] != number:
        return {}
    rest, options = bootp[240:], {}
    while rest and rest[0] != 0xFF:
        options[rest[0]] = rest[2 : 2 + rest[1]].hex()
        rest = rest[2 + rest[1] :]
    server = socket.inet_ntoa(bytes.fromhex(options[54]))
    return {"address": socket.inet_ntoa(bootp[16:20]), "server": server, "options": options}


def walk(board: str, mac: str, serial: str, address: str, server: str, pause: int) -> dict[str, Any]:
    """One board, alone on the wire."""
    be(mac, address)
    asked: Asked = []

    def fetch(name: str) -> bytes | None:
        if len(asked) == pause:
            tell({"paused": name})
            sys.stdin.readline()
        return _noted(asked, name, get(WIRE, address, server, name))

    boot(ROMS[board], serial, fetch)
    return {"asked": asked}


def be(mac: str, address: str) -> None:
    """Let the wire's end be this board."""
    ip("link", "set", WIRE, "address", mac)
    ip("address", "flush", "dev", WIRE)
    ip("address", "add", f"{address}/24", "dev", WIRE)


def take(mac: str, address: str, server: str, name: str) -> dict[str, Any]:
    """Any file, by any name."""
    be(mac, address)
    try:
        data = get(WIRE, address, server, name)
    except OSError as error:
        return {"refused": str(error)}
    return {"refused": "not found"} if data is None else {"size": len(data)}


def rush(boards: list[dict[str, str]]) -> dict[str, Any]:
    """All of them at once: nobody goes on before each has got the first packet of its first file."""
    barrier = threading.Barrier(len(boards))
    asked: dict[str, Asked] = {each["mac"]: [] for each in boards}
    failed: dict[str, str] = {}
    ip("address", "flush", "dev", WIRE)
    ip("link", "set", WIRE, "address", _NOBODYS)
    for number, each in enumerate(boards):
        device = f"board{number}"
        ip(
            "link",
            "add",
            "link",
            WIRE,
            "name",
            device,
            "address",
            each["mac"],
            "type",
            "macvlan",
            "mode",
            "private",
        )
        ip("address", "add", f"{each['address']}/24", "dev", device)
        ip("link", "set", device, "up")

    def one(number: int, board: str, mac: str, serial: str, address: str, server: str) -> None:
        def fetch(name: str) -> bytes | None:
            together = barrier.wait if not asked[mac] else None
            return _noted(asked[mac], name, get(f"board{number}", address, server, name, together))

        try:
            boot(ROMS[board], serial, fetch)
        except (OSError, AssertionError, threading.BrokenBarrierError) as error:
            barrier.abort()
            failed[mac] = f"{type(error).__name__}: {error}"

    threads = [
        threading.Thread(target=one, args=(number,), kwargs=each) for number, each in enumerate(boards)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"asked": asked, "failed": failed}


def _noted(asked: Asked, name: str, data: bytes | None) -> bytes | None:
    asked.append((name, hashlib.sha256(data).hexdigest() if data is not None else "", len(data or b"")))
    return data


def get(
    device: str, address: str, server: str, name: str, together: Callable[[], object] | None = None
) -> bytes | None:
    """A file by TFTP as a boot ROM asks for it; None where the server has none.

    `together` is waited for after the first packet. Raises OSError where the server refuses.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        udp.bind((address, 0))
        udp.settimeout(_PATIENCE)
        udp.sendto(b"\0\1" + name.encode() + b"\0octet\0tsize\x000\0blksize\x001408\0", (server, 69))
        parts: list[bytes] = []
        while True:
            got, peer = udp.recvfrom(2048)
            if together:
                together()
                together = None
            kind, block = struct.unpack("!HH", got[:4])
            if kind == 5 and b"not found" in got:
                return None
            if kind == 5:
                raise OSError(f"{name}: {got[4:-1].decode(errors='replace')}")
            # A packet that came twice is acknowledged twice and taken once.
            if kind == 3 and block == (len(parts) + 1) & 0xFFFF:
                parts.append(got[4:])
            udp.sendto(struct.pack("!HH", 4, 0 if kind == 6 else block), peer)
            if kind == 3 and len(got) < 4 + 1408 and block == len(parts) & 0xFFFF:
                return b"".join(parts)


_ORDERS: dict[str, Callable[..., object]] = {"ask": ask, "walk": walk, "take": take, "rush": rush}

if __name__ == "__main__":
    main()
