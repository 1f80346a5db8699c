# SPDX-License-Identifier: Apache-2.0
"""Which blocks hold a file: its extents, in the inode where four suffice, else in blocks of their own."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

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


def leaves(spans: Sequence[Span]) -> int:
    """How many blocks the extents need outside of the inode."""
    count = sum(-(-length // _LONGEST) for _, length in spans)
    if count <= _IN_INODE:
        return 0
    if count > _IN_INODE * _IN_BLOCK:
        raise StepError(
            f"a file would lie in {count} pieces",
            hint="give the image output more `free`",
        )
    return -(-count // _IN_BLOCK)


def root(spans: Sequence[Span], outside: Sequence[int]) -> bytes:
    """The 60 bytes in the inode; `outside` are the numbers of the blocks that `leaves` asked for."""
    pieces = list(_pieces(spans))
    if not outside:
        rows = [_EXTENT.pack(*piece) for piece in pieces]
        return (_header(len(rows), _IN_INODE, 0) + b"".join(rows)).ljust(60, b"\0")
    rows = [
        _INDEX.pack(group[0][0], block, 0, 0) for group, block in zip(_groups(pieces), outside, strict=True)
    ]
    return (_header(len(rows), _IN_INODE, 1) + b"".join(rows)).ljust(60, b"\0")


def blocks(spans: Sequence[Span], seed: int) -> list[bytes]:
    """What stands in the blocks outside, in order; `seed` is the inode's."""
    made = []
    for group in _groups(list(_pieces(spans))):
        body = _header(len(group), _IN_BLOCK, 0) + b"".join(_EXTENT.pack(*piece) for piece in group)
        body = body.ljust(BLOCK - 4, b"\0")
        made.append(body + crc(seed, body).to_bytes(4, "little"))
    return made


def _header(entries: int, most: int, depth: int) -> bytes:
    return _HEADER.pack(_MAGIC, entries, most, depth, 0)


def _pieces(spans: Sequence[Span]) -> Iterator[tuple[int, int, int, int]]:
    """Logical block, length, high and low half of the block number."""
    logical = 0
    for start, length in spans:
        while length:
            part = min(length, _LONGEST)
            yield logical, part, start >> 32, start & 0xFFFFFFFF
            logical, start, length = logical + part, start + part, length - part


def _groups(
    pieces: list[tuple[int, int, int, int]],
) -> list[list[tuple[int, int, int, int]]]:
    return [pieces[at : at + _IN_BLOCK] for at in range(0, len(pieces), _IN_BLOCK)]
