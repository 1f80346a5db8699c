# SPDX-License-Identifier: Apache-2.0
"""What a board is known by: its MAC address and its serial number, as everything else writes them."""

from __future__ import annotations

import re

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_SERIAL = re.compile(r"([0-9a-f]{8})?([0-9a-f]{8})")

# What IEEE gave to the Raspberry Pi Foundation and to Raspberry Pi Trading.
_RASPBERRY = ("b8:27:eb", "dc:a6:32", "e4:5f:01", "28:cd:c1", "d8:3a:dd", "2c:cf:67", "88:a2:9e")


def mac(text: str) -> str:
    """A MAC address in lower case with colons; ValueError says what is wrong with it."""
    lower = text.lower()
    if not _MAC.fullmatch(lower):
        raise ValueError("is no MAC address: it looks like `b8:27:eb:01:02:03`")
    if int(lower[:2], 16) & 1:
        raise ValueError("is a multicast address: no board has it")
    if lower == "00:00:00:00:00:00":
        raise ValueError("is nobody's address")
    return lower


def serial(text: str) -> str:
    """The last eight hex digits of a serial number, as boards ask for files by; ValueError otherwise."""
    match = _SERIAL.fullmatch(text.lower())
    if match is None:
        raise ValueError("is no serial number: it is 16 hex digits, or the last 8 of them")
    return match[2]


def is_raspberry(address: str) -> bool:
    """Whether a MAC address, as `mac` writes it, is one of a Raspberry Pi."""
    return address.startswith(_RASPBERRY)
