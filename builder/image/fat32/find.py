# SPDX-License-Identifier: Apache-2.0
"""Where in an image a name of the boot partition's top folder stands, for who changes it on a card."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from builder.image.fat32.directory import SLOT
from builder.image.fat32.geometry import FIRST_CLUSTER, RESERVED, SECTOR

_PER_CLUSTER, _TABLE, _TOP = 13, 36, 44
_END = 0x0FFFFFF8


def place_of(image: Path, start: int, short: bytes) -> int:
    """The byte of `image` at which the entry `short` begins, eleven bytes; 0 when there is none.

    `start` is where the FAT32 begins that :mod:`fill` has written.
    """
    with image.open("rb") as file:
        for cluster, data in _folder(file, start):
            for at in range(0, len(data), SLOT):
                if data[at : at + len(short)] == short:
                    return cluster + at
    return 0


def _folder(file: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    """The top folder's clusters: where each lies in the image, and its bytes."""
    sector = _read(file, start, SECTOR)
    size = sector[_PER_CLUSTER] * SECTOR
    table, cluster = (struct.unpack_from("<I", sector, at)[0] for at in (_TABLE, _TOP))
    data = start + (RESERVED + 2 * table) * SECTOR
    while cluster < _END:
        place = data + (cluster - FIRST_CLUSTER) * size
        yield place, _read(file, place, size)
        (cluster,) = struct.unpack("<I", _read(file, start + RESERVED * SECTOR + 4 * cluster, 4))


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)
