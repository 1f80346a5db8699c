# SPDX-License-Identifier: Apache-2.0
"""Whether anybody has an address, as far as this machine's kernel has asked in networks of its own (ARP)."""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket

_TABLE = Path("/proc/net/arp")
_KNOWN = 0x02  # ATF_COM: somebody has answered
_SIOCGIFFLAGS, _IFREQ = 0x8913, "16sH22x"
_IFF_RUNNING = 0x40


def neighbours() -> dict[str, bool]:
    """Each IPv4 address that was asked for; whether somebody has it.

    Addresses behind a router are not asked for, and nobody is heard by a network card without a link: neither
    is among them.
    """
    found: dict[str, bool] = {}
    for line in _TABLE.read_text(encoding="ascii").splitlines()[1:]:
        address, _, flags, _, _, card = line.split()
        if _has_link(card):
            found[address] = found.get(address, False) or bool(int(flags, 16) & _KNOWN)
    return found


def _has_link(card: str) -> bool:
    with socket(AF_INET, SOCK_DGRAM) as any_socket:
        try:
            told = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack(_IFREQ, card.encode(), 0))
        except OSError:
            return False
    return bool(struct.unpack(_IFREQ, told)[1] & _IFF_RUNNING)
