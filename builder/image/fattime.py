# SPDX-License-Identifier: Apache-2.0
"""Time stamps in a FAT32 that do not depend on when it was filled.

mtools stamps directories, and their `.` and `..`, with the current time. This walks every directory:
files keep the time that mcopy gave them (never later than the epoch), all else gets the epoch; times of
creation and access follow.

    directory slot, 32 bytes:  0 name · 11 attributes · 13 creation, 10 ms · 14 creation time, date
                               18 access date · 20 cluster, high · 22 time, date · 26 cluster, low
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

_SLOT = 32
_END = 0x00
_DELETED = 0xE5
_LONG_NAME = 0x0F
_VOLUME = 0x08
_DIRECTORY = 0x10
_LAST_CLUSTER = 0x0FFFFFF8
_OLDEST = 315532800  # 1980-01-01, where FAT's calendar begins


def settle_times(file: BinaryIO, start: int, epoch: int) -> None:
    """Rewrite the time stamps of the FAT32 at byte `start` of `file`."""
    fat = _Fat(file, start)
    newest = stamp(epoch)
    pending = [fat.root]
    while pending:
        for cluster in fat.chain(pending.pop()):
            data = bytearray(fat.read(cluster))
            pending += _settle(data, newest)
            fat.write(cluster, data)


def stamp(seconds: int) -> tuple[int, int]:
    """(date, time) of seconds since 1970, UTC, in FAT's packed form: two-second steps."""
    when = datetime.fromtimestamp(max(seconds, _OLDEST), UTC)
    date = (when.year - 1980) << 9 | when.month << 5 | when.day
    return date, when.hour << 11 | when.minute << 5 | when.second // 2


def _settle(data: bytearray, newest: tuple[int, int]) -> Iterator[int]:
    """Set the stamps in one cluster of a directory; yields the first clusters of those below."""
    for at in range(0, len(data), _SLOT):
        first, attributes = data[at], data[at + 11]
        if first == _END:
            return
        if first == _DELETED or attributes & _LONG_NAME == _LONG_NAME:
            continue
        time, date = struct.unpack_from("<HH", data, at + 22)
        if attributes & (_DIRECTORY | _VOLUME):
            date, time = newest
        date, time = min((date, time), newest)
        struct.pack_into("<BHHH", data, at + 13, 0, time, date, date)
        struct.pack_into("<HH", data, at + 22, time, date)
        if attributes & _DIRECTORY and first != ord("."):
            high, low = struct.unpack_from("<H", data, at + 20)[0], struct.unpack_from("<H", data, at + 26)[0]
            yield high << 16 | low


class _Fat:
    """Clusters of a FAT32 by number."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        file.seek(start)
        header = file.read(512)
        sector, per_cluster, reserved, tables = struct.unpack_from("<HBHB", header, 11)
        table_sectors, self.root = struct.unpack_from("<I4xI", header, 36)
        self._cluster = sector * per_cluster
        self._data = start + (reserved + tables * table_sectors) * sector
        file.seek(start + reserved * sector)
        self._table = file.read(table_sectors * sector)

    def chain(self, cluster: int) -> Iterator[int]:
        """The clusters of one file or directory, in order."""
        while 2 <= cluster < _LAST_CLUSTER:
            yield cluster
            cluster = struct.unpack_from("<I", self._table, cluster * 4)[0] & 0x0FFFFFFF

    def read(self, cluster: int) -> bytes:
        """The bytes of a cluster."""
        self._file.seek(self._data + (cluster - 2) * self._cluster)
        return self._file.read(self._cluster)

    def write(self, cluster: int, data: bytes | bytearray) -> None:
        """Replace the bytes of a cluster."""
        self._file.seek(self._data + (cluster - 2) * self._cluster)
        self._file.write(data)
