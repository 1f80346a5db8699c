# SPDX-License-Identifier: Apache-2.0
"""A whole FAT32: boot sectors, tables, directories, and where the files' contents go. Pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.image.fat32 import directory
from builder.image.fat32.directory import DIRECTORY, FILE, SLOT, VOLUME, slots
from builder.image.fat32.geometry import FIRST_CLUSTER, RESERVED, SECTOR, Geometry
from builder.image.place import choose
from builder.image.placement import Placed
from builder.image.segment import Segment
from builder.image.space import Space, Span
from builder.tree.entry import Kind
from builder.tree.sourced import Sourced

_BOOT = struct.Struct("<3s8sHBHBHHBHHHIIIHHIHH12xBxBI11s8s")
_CODE = b"\xeb\x58\x90"
_LAST = 0x0FFFFFFF
_COPY = 6
"""The sector where the copies of the first two begin."""


@dataclass(frozen=True)
class Volume:
    """What the boot sector tells; `start` in bytes, `serial` eight hex digits, `time` when it was made."""

    start: int
    label: str
    serial: str
    time: int


def fill(
    entries: Sequence[Sourced], top: str, geometry: Geometry, volume: Volume, former: Mapping[str, Placed]
) -> tuple[list[Segment], dict[str, Placed]]:
    """Segments and placement of what lies below the directory `top`, parents before children.

    `former` is the placement of the release before. Raises ValueError when it does not fit.
    """
    below = _children(entries, top)
    wanted = [(path, _size(path, names, top)) for path, names in below.items()]
    in_order = sorted(entries, key=lambda one: (one.layer, one.entry.path))
    wanted += [(one.entry.path, one.entry.size) for one in in_order if one.entry.kind == Kind.FILE]
    blocks = [(path, -(-size // geometry.cluster)) for path, size in wanted]
    space = Space([(FIRST_CLUSTER, geometry.clusters)])
    spans = choose(blocks, {path: placed.spans for path, placed in former.items()}, space)
    made = _Volume(geometry, volume, spans)
    for path, names in below.items():
        made.directory(path, top, names)
    for one in entries:
        if one.entry.kind == Kind.FILE:
            made.file(one)
    made.head(top, space.blocks)
    return made.segments, {path: Placed(0, found) for path, found in spans.items()}


def _children(entries: Sequence[Sourced], top: str) -> dict[str, list[Sourced]]:
    """Each directory's own entries, by name."""
    found: dict[str, list[Sourced]] = {top: []}
    for one in sorted(entries, key=lambda one: one.entry.path):
        found[one.entry.path.rpartition("/")[0]].append(one)
        if one.entry.kind == Kind.DIRECTORY:
            found[one.entry.path] = []
    return found


def _size(path: str, names: Sequence[Sourced], top: str) -> int:
    own = 1 if path == top else 2
    return SLOT * (own + sum(slots(one.entry.path.rpartition("/")[2]) for one in names))


class _Volume:
    def __init__(self, geometry: Geometry, volume: Volume, spans: Mapping[str, Sequence[Span]]) -> None:
        self._geometry = geometry
        self._volume = volume
        self._spans = spans
        self.segments: list[Segment] = []

    def directory(self, path: str, top: str, names: Sequence[Sourced]) -> None:
        if path == top:
            data = directory.plain(_padded(self._volume.label), VOLUME, self._volume.time, 0)
        else:
            parent = path.rpartition("/")[0]
            up = 0 if parent == top else self._first(parent)
            time = self._volume.time
            data = directory.plain(b".".ljust(11), DIRECTORY, time, self._first(path))
            data += directory.plain(b"..".ljust(11), DIRECTORY, time, up)
        taken: set[bytes] = set()
        # Names that are short already come first, for they cannot give way.
        for one in sorted(names, key=lambda one: slots(one.entry.path.rpartition("/")[2]) > 1):
            data += self._entry(one, taken)
        self._content(path, data)

    def file(self, one: Sourced) -> None:
        skip = 0
        source = f"{one.folder}/{one.entry.path}"
        for offset, room in self._pieces(one.entry.path):
            part = min(room, one.entry.size - skip)
            self.segments.append(Segment(offset, part, path=source, skip=skip))
            skip += part

    def head(self, top: str, free: int) -> None:
        """Boot sectors and tables."""
        first = (self._boot(top) + self._information(free)).ljust(2 * SECTOR, b"\0")
        start = self._volume.start
        self.segments.append(Segment(start, len(first), first))
        self.segments.append(Segment(start + _COPY * SECTOR, len(first), first))
        table = self._table()
        for number in range(2):
            at = start + (RESERVED + number * self._geometry.table) * SECTOR
            self.segments.append(Segment(at, len(table), table))

    def _entry(self, one: Sourced, taken: set[bytes]) -> bytes:
        name = one.entry.path.rpartition("/")[2]
        short = directory.short_name(name, taken)
        taken.add(short)
        folder = one.entry.kind == Kind.DIRECTORY
        return directory.entry(
            name,
            short,
            DIRECTORY if folder else FILE,
            # A directory's time tells when it was filled, which is another with every release.
            self._volume.time if folder else one.entry.mtime,
            self._first(one.entry.path),
            0 if folder else one.entry.size,
        )

    def _first(self, path: str) -> int:
        spans = self._spans[path]
        return spans[0][0] if spans else 0

    def _pieces(self, path: str) -> list[tuple[int, int]]:
        """Offset in the image and bytes of each span."""
        base = self._volume.start + self._geometry.data * SECTOR
        size = self._geometry.cluster
        return [(base + (first - FIRST_CLUSTER) * size, length * size) for first, length in self._spans[path]]

    def _content(self, path: str, data: bytes) -> None:
        for offset, room in self._pieces(path):
            self.segments.append(Segment(offset, min(room, len(data)), data[:room]))
            data = data[room:]

    def _table(self) -> bytes:
        """Who follows whom. Its end, all free, is left out."""
        following = {0: 0x0FFFFFF8, 1: _LAST}
        for spans in self._spans.values():
            chain = [cluster for first, length in spans for cluster in range(first, first + length)]
            following.update(zip(chain, [*chain[1:], _LAST], strict=True))
        return b"".join(following.get(n, 0).to_bytes(4, "little") for n in range(max(following) + 1))

    def _boot(self, top: str) -> bytes:
        geometry, volume = self._geometry, self._volume
        sector = _BOOT.pack(
            _CODE,
            b"nodebake",
            SECTOR,
            geometry.per_cluster,
            RESERVED,
            2,
            0,
            0,
            0xF8,
            0,
            63,
            255,
            volume.start // SECTOR,
            geometry.sectors,
            geometry.table,
            0,
            0,
            self._first(top),
            1,
            _COPY,
            0x80,
            0x29,
            int(volume.serial, 16),
            _padded(volume.label),
            b"FAT32   ",
        )
        return sector.ljust(SECTOR - 2, b"\0") + b"\x55\xaa"

    def _information(self, free: int) -> bytes:
        head = b"RRaA".ljust(484, b"\0") + b"rrAa"
        return (head + struct.pack("<II", free, 0xFFFFFFFF)).ljust(508, b"\0") + b"\0\0\x55\xaa"


def _padded(label: str) -> bytes:
    return label.encode().ljust(11)
