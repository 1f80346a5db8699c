# SPDX-License-Identifier: Apache-2.0
"""Dates that stand in an image, read from the bytes: nothing here is used to write them."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from tests.build.conftest import say

_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%a %b %d")
_UNITS = (1, 1000, 10**6, 10**9)
_BINARY = (1, 10**6)
_ALIGNED = 8
_DAY = 86400


def of_inodes(filesystem: Path, count: int) -> Iterator[tuple[str, int]]:
    """What an inode's time is called, and the time in seconds since 1970, for all inodes of an ext4."""
    requests = filesystem.with_suffix(".requests")
    requests.write_text("".join(f"stat <{number}>\n" for number in range(1, count + 1)))
    inode = ""
    for line in say(["debugfs", "-f", requests, filesystem]).splitlines():
        if line.startswith("Inode:"):
            inode = line.split()[1]
        found = re.match(r" *([acdm]|cr)time: 0x([0-9a-f]{8})(?::([0-9a-f]{8}))?", line)
        if found:
            # The two lowest bits of the second word carry on where 32 bits of seconds end.
            yield (
                f"{found[1]}time of inode {inode}",
                int(found[2], 16) + ((int(found[3] or "0", 16) & 3) << 32),
            )


def of_superblock(filesystem: Path) -> Iterator[tuple[str, int]]:
    """The same for the file system itself."""
    for line in say(["dumpe2fs", "-h", filesystem], TZ="UTC").splitlines():
        name, _, value = line.partition(":")
        if re.search(r"\d\d:\d\d:\d\d \d{4}$", value):
            when = datetime.strptime(value.strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
            yield name, int(when.timestamp())


def of_fat(image: BinaryIO, start: int) -> Iterator[tuple[str, int]]:
    """The same for the slots of all directories of a FAT32 at byte `start`, also of deleted files."""
    image.seek(start)
    header = image.read(90)
    sector, per_cluster, reserved, tables = struct.unpack_from("<HBHB", header, 11)
    length, root = struct.unpack_from("<I", header, 36)[0], struct.unpack_from("<I", header, 44)[0]
    image.seek(start + reserved * sector)
    table = struct.unpack(f"<{length * sector // 4}I", image.read(length * sector))
    heap = start + (reserved + tables * length) * sector
    todo = [root]
    while todo:
        cluster = todo.pop()
        while 2 <= cluster < 0x0FFFFFF8:
            image.seek(heap + (cluster - 2) * sector * per_cluster)
            for slot in struct.iter_unpack("<11sBBBHHHHHHHI", image.read(sector * per_cluster)):
                name, attributes, _, _, time, created, accessed, high, at, written, low, _ = slot
                if name[0] == 0 or attributes & 0x0F == 0x0F:
                    continue
                yield f"creation of {name!r}", _of_dos(created, time)
                yield f"access to {name!r}", _of_dos(accessed, 0)
                yield f"writing of {name!r}", _of_dos(written, at)
                if attributes & 0x10 and name[0] not in (ord("."), 0xE5):
                    todo.append(high << 16 | low)
            cluster = table[cluster] & 0x0FFFFFFF


def _of_dos(date: int, time: int) -> int:
    when = datetime(1980 + (date >> 9), date >> 5 & 15, date & 31, tzinfo=UTC)
    return int(when.timestamp()) + (time >> 11) * 3600 + (time >> 5 & 63) * 60 + (time & 31) * 2


def of_initramfs(data: bytes) -> Iterator[tuple[str, int]]:
    """The same for the members of an initramfs: cpio archives, the last of them compressed."""
    while data:
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            data = subprocess.run(["zstd", "-dc"], input=data, check=True, capture_output=True).stdout
        assert data.startswith(b"070701"), data[:16]
        at, name = 0, ""
        while name != "TRAILER!!!":
            fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
            name = data[at + 110 : at + 109 + fields[11]].decode()
            yield f"initramfs: {name}", fields[5]
            at = (at + 110 + fields[11] + 3) // 4 * 4
            at = (at + fields[6] + 3) // 4 * 4
        data = data[at:].lstrip(b"\0")


def written_out(data: bytes, after: int, until: int) -> Iterator[str]:
    """Dates in `data` that are later than `after` and not later than `until`, seconds since 1970.

    Days in the usual forms; seconds, milli-, micro- and nanoseconds in digits; seconds and microseconds in
    64 bits of either end, where databases align them. A finer unit would meet chance numbers, as would digits
    within words: hashes have many.
    """
    for day in range(after // _DAY + 1, until // _DAY + 1):
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
        for form in _FORMS:
            if when.strftime(form).encode() in data:
                yield when.strftime(form)
    for digits in re.findall(rb"(?<![0-9A-Za-z])\d{10}(?:\d{3}){0,3}(?![0-9A-Za-z])", data):
        unit = _UNITS[(len(digits) - 10) // 3]
        if after * unit < int(digits) <= until * unit:
            yield digits.decode()
    for unit in _BINARY:
        for order in ("<", ">"):
            yield from _in_64_bits(data, after * unit, until * unit, order)


def _in_64_bits(data: bytes, after: int, until: int, order: str) -> Iterator[str]:
    """By what all numbers of the range have in common: their high bytes."""
    low, high = (struct.pack(">Q", each) for each in (after, until))
    common = next(n for n in range(9) if n == 8 or low[n] != high[n])
    mark = low[:common] if order == ">" else low[:common][::-1]
    ahead = 0 if order == ">" else 8 - common
    at = data.find(mark)
    while at >= 0:
        start = at - ahead
        if 0 <= start <= len(data) - 8 and start % _ALIGNED == 0:
            value = struct.unpack_from(f"{order}Q", data, start)[0]
            if after < value <= until:
                yield f"{value} at byte {start}"
        at = data.find(mark, at + 1)
