# SPDX-License-Identifier: Apache-2.0
"""The partition table of a card, an MBR: four entries of 16 bytes from byte 446 on; sectors of 512. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_FIRST, _ENTRY, _SECTOR = 446, 16, 512
THIRD = _FIRST + 2 * _ENTRY
"""Where the third entry stands, which images leave empty."""
MARK_AT, MARK = 510, b"\x55\xaa"
_PLACE = struct.Struct("<II")
# Cylinders, heads and sectors of what lies beyond their reach.
_FAR = b"\xfe\xff\xff"


@dataclass(frozen=True)
class Part:
    """An entry of the table: `type` is its byte, `start` and `size` in bytes."""

    number: int
    type: int
    start: int
    size: int


def parts(sector: bytes) -> tuple[Part, ...]:
    """The partitions of a first sector; none when it holds no table."""
    if sector[MARK_AT:_SECTOR] != MARK:
        return ()
    found = []
    for number in range(1, 5):
        at = _FIRST + (number - 1) * _ENTRY
        start, size = _PLACE.unpack_from(sector, at + 8)
        if sector[at + 4] and size:
            found.append(Part(number, sector[at + 4], start * _SECTOR, size * _SECTOR))
    return tuple(found)


def entry(part: Part) -> bytes:
    """The entry of a partition that no firmware boots from."""
    place = _PLACE.pack(part.start // _SECTOR, part.size // _SECTOR)
    return b"\0" + _FAR + bytes([part.type]) + _FAR + place
