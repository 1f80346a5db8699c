# SPDX-License-Identifier: Apache-2.0
"""Which blocks hold a file: its extents, in the inode where four suffice, else in blocks of their own."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from builder.errors import StepError
from builder.image.ext4.checksum import crc
from builder.image.ext4.geometry import BLOCK
from builder.image.space import Span

_MAGIC = 0xF30A
_HEADER = struct.Struct("<HHHHI")
_EXTENT = struct.Struct("<IHHI")
_INDEX = struct.Struct("<IIHH")
_IN_INODE = 4
_IN_BLOCK = (BLOCK - 12 - 4) // 12
_LONGEST = 32768
"""Blocks of one extent."""


class Piece(NamedTuple):
    """What one extent tells: where it is in the file, how many blocks, high and low half of their number."""

    logical: int
    length: int
    high: int
    low: int


def pieces(spans: Sequence[Span]) -> list[Piece]:
    """The extents of a file that lies in these spans."""
    found: list[Piece] = []
    logical = 0
    for start, length in spans:
        while length:
            part = min(length, _LONGEST)
            found.append(Piece(logical, part, start >> 32, start & 0xFFFFFFFF))
            logical, start, length = logical + part, start + part, length - part
    return found


def leaves(count: int) -> int:
    """How many blocks so many extents need outside of the inode."""
    if count <= _IN_INODE:
        return 0
    if count > _IN_INODE * _IN_BLOCK:
        raise StepError(
            f"a file would lie in {count} pieces",
            hint="give the image output more `free`",
        )
    return -(-count // _IN_BLOCK)


def root(found: Sequence[Piece], outside: Sequence[int]) -> bytes:
    """The 60 bytes in the inode; `outside` are the numbers of the blocks that `leaves` asked for."""
    if not outside:
        rows = [_EXTENT.pack(*piece) for piece in found]
        return (_header(len(rows), _IN_INODE, 0) + b"".join(rows)).ljust(60, b"\0")
    rows = [
        _INDEX.pack(group[0][0], block, 0, 0) for group, block in zip(_groups(found), outside, strict=True)
    ]
    return (_header(len(rows), _IN_INODE, 1) + b"".join(rows)).ljust(60, b"\0")


def blocks(found: Sequence[Piece], seed: int) -> list[bytes]:
    """What stands in the blocks outside, in order; `seed` is the inode's."""
    made = []
    for group in _groups(found):
        body = _header(len(group), _IN_BLOCK, 0) + b"".join(_EXTENT.pack(*piece) for piece in group)
        body = body.ljust(BLOCK - 4, b"\0")
        made.append(body + crc(seed, body).to_bytes(4, "little"))
    return made


def _header(entries: int, most: int, depth: int) -> bytes:
    return _HEADER.pack(_MAGIC, entries, most, depth, 0)


def _groups(found: Sequence[Piece]) -> list[Sequence[Piece]]:
    """As many as one block holds, each."""
    return [found[at : at + _IN_BLOCK] for at in range(0, len(found), _IN_BLOCK)]
