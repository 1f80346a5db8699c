# SPDX-License-Identifier: Apache-2.0
"""The blocks of a directory: names and inodes in order, none across two blocks, a checksum at each end."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from builder.image.ext4.checksum import crc
from builder.image.ext4.geometry import BLOCK

_HEAD = struct.Struct("<IHBB")
_TAIL = struct.Struct("<IHBBI")
_ROOM = BLOCK - _TAIL.size


class Type(IntEnum):
    """What a name stands for."""

    FILE = 1
    DIRECTORY = 2
    CHARACTER = 3
    BLOCK = 4
    FIFO = 5
    LINK = 7


class Name(NamedTuple):
    """One entry of a directory."""

    name: bytes
    inode: int
    type: Type


def count(names: Iterable[bytes]) -> int:
    """How many blocks a directory of these names takes, `.` and `..` not among them."""
    return len(_fill([_length(b"."), _length(b".."), *map(_length, names)]))


def contents(itself: int, parent: int, names: Sequence[Name], seed: int) -> bytes:
    """All blocks; `seed` is the directory's inode's."""
    entries = [(b".", itself, Type.DIRECTORY), (b"..", parent, Type.DIRECTORY), *names]
    rows = [_row(*entry) for entry in entries]
    made = []
    at = 0
    for held in _fill([len(row) for row in rows]):
        block = bytearray().join(rows[at : at + held])
        # The last one reaches to the end.
        last = len(rows[at + held - 1])
        struct.pack_into("<H", block, len(block) - last + 4, last + _ROOM - len(block))
        body = bytes(block).ljust(_ROOM, b"\0")
        made.append(body + _TAIL.pack(0, _TAIL.size, 0, 0xDE, crc(seed, body)))
        at += held
    return b"".join(made)


def _row(name: bytes, inode: int, type_: Type) -> bytes:
    length = _length(name)
    return _HEAD.pack(inode, length, len(name), type_) + name.ljust(length - _HEAD.size, b"\0")


def _length(name: bytes) -> int:
    return 8 + (len(name) + 3 & ~3)


def _fill(lengths: Iterable[int]) -> list[int]:
    """How many entries each block holds."""
    held = [0]
    used = 0
    for length in lengths:
        if used + length > _ROOM:
            held.append(0)
            used = 0
        held[-1] += 1
        used += length
    return held
