# SPDX-License-Identifier: Apache-2.0
"""Fill an empty ext4: every record that mke2fs left to be written, and where the files' contents go."""

from __future__ import annotations

import stat
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.image.ext4 import checksum, directory, extents, xattr
from builder.image.ext4.geometry import BLOCK, FIRST_INODE, GROUP, INODE, Geometry
from builder.image.ext4.inode import EXTENTS, Inode, device
from builder.image.ext4.node import LOST_FOUND, Node
from builder.image.ext4.number import number
from builder.image.ext4.skeleton import Skeleton
from builder.image.place import choose
from builder.image.placement import Placed
from builder.image.segment import Segment
from builder.image.space import Space, Span, complement
from builder.tree.entry import Kind

_MODES = {
    Kind.FILE: stat.S_IFREG,
    Kind.DIRECTORY: stat.S_IFDIR,
    Kind.LINK: stat.S_IFLNK,
    Kind.CHARACTER: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}
_DESCRIPTOR = 32
_INODE_UNINIT, _BLOCK_UNINIT = 1, 2


@dataclass(frozen=True)
class Filled:
    """What is to be written, in no order, and where each file lies now."""

    segments: list[Segment]
    placed: dict[str, Placed]


def fill(
    nodes: Mapping[str, Node],
    skeleton: Skeleton,
    geometry: Geometry,
    *,
    start: int,
    uuid: bytes,
    former: Mapping[str, Placed],
) -> Filled:
    """Lay `nodes` into the file system at byte `start` of the image; `former` is the release before."""
    return _Filling(nodes, skeleton, geometry, start, checksum.file_system_seed(uuid), former).whole()


class _Filling:
    def __init__(
        self,
        nodes: Mapping[str, Node],
        skeleton: Skeleton,
        geometry: Geometry,
        start: int,
        seed: int,
        former: Mapping[str, Placed],
    ) -> None:
        self._nodes = nodes
        self._skeleton = skeleton
        self._geometry = geometry
        self._start = start
        self._seed = seed
        self._space = Space(complement(skeleton.used, geometry.blocks))
        self._inodes = number(nodes, {path: placed.inode for path, placed in former.items()})
        wanted = [(path, node.blocks) for path, node in nodes.items()]
        self._spans = choose(wanted, {path: placed.spans for path, placed in former.items()}, self._space)
        self._extra: list[Span] = []
        self._table: dict[int, bytes] = {}
        self._segments: list[Segment] = []

    def whole(self) -> Filled:
        for path, node in self._nodes.items():
            self._node(path, node)
        self._tables()
        placed = {path: Placed(self._inodes[path], self._spans[path]) for path in self._nodes}
        return Filled(self._segments, placed)

    def _node(self, path: str, node: Node) -> None:
        entry = node.entry
        itself, spans = self._inodes[path], self._spans[path]
        seed = checksum.inode_seed(self._seed, itself)
        size, flags, inside = 0, 0, b""
        outside: list[int] = []
        if entry.kind == Kind.LINK and not node.blocks:
            inside = node.target
            size = len(inside)
        elif entry.kind in (Kind.CHARACTER, Kind.BLOCK):
            major, _, minor = entry.device.partition(":")
            inside = device(int(major), int(minor))
        elif entry.kind in (Kind.FILE, Kind.DIRECTORY, Kind.LINK):
            flags = EXTENTS
            pieces = extents.pieces(spans)
            outside = self._more(extents.leaves(len(pieces)))
            inside = extents.root(pieces, outside)
            if outside:
                for block, data in zip(outside, extents.blocks(pieces, seed), strict=True):
                    self._write(block, data)
            size = self._content(path, node, spans, seed)
        attribute_block = self._attributes(node) if node.attribute_block else 0
        self._table[itself] = Inode(
            mode=_MODES[entry.kind] | entry.mode,
            uid=entry.uid,
            gid=entry.gid,
            time=entry.mtime,
            links=node.links,
            size=size,
            blocks=node.blocks + len(outside) + bool(attribute_block),
            flags=flags,
            map=inside,
            attribute_block=attribute_block,
            attributes=xattr.inline(node.attributes) if node.attributes and not attribute_block else b"",
        ).encode(seed)

    def _content(self, path: str, node: Node, spans: Sequence[Span], seed: int) -> int:
        """Have the content written to its spans; its size in bytes."""
        if node.entry.kind == Kind.FILE:
            skip = 0
            source = f"{node.folder}/{node.entry.path}"
            for first, length in spans:
                part = min(length * BLOCK, node.entry.size - skip)
                self._segments.append(Segment(self._start + first * BLOCK, part, path=source, skip=skip))
                skip += part
            return node.entry.size
        if node.entry.kind == Kind.LINK:
            self._write(spans[0][0], node.target)
            return len(node.target)
        data = self._directory(path, node, seed)
        at = 0
        for first, length in spans:
            self._write(first, data[at : at + length * BLOCK])
            at += length * BLOCK
        return len(data)

    def _directory(self, path: str, node: Node, seed: int) -> bytes:
        names = [
            directory.Name(name, self._inodes[child], self._nodes[child].type)
            for name, child in node.children
        ]
        if not path:
            names.insert(0, directory.Name(LOST_FOUND.encode(), FIRST_INODE, directory.Type.DIRECTORY))
        parent = self._inodes[path.rpartition("/")[0]]
        return directory.contents(self._inodes[path], parent, names, seed)

    def _attributes(self, node: Node) -> int:
        """The number of the block that they were put into."""
        (block,) = self._more(1)
        self._write(block, xattr.block(node.attributes, block, self._seed))
        return block

    def _more(self, count: int) -> list[int]:
        """Blocks that no placement speaks of."""
        if not count:
            return []
        spans = self._space.take(count)
        self._extra += spans
        return [block for first, length in spans for block in range(first, first + length)]

    def _write(self, block: int, data: bytes) -> None:
        self._segments.append(Segment(self._start + block * BLOCK, len(data), data))

    def _tables(self) -> None:
        """Bitmaps, inode tables, descriptors and the superblock, from what is used by now."""
        taken = [*self._skeleton.used, *(span for spans in self._spans.values() for span in spans)]
        bitmaps = _marks([*taken, *self._extra], self._geometry.groups)
        own = self._skeleton.own_inodes
        for n in range(FIRST_INODE):
            self._table.setdefault(n + 1, own[n * INODE :][:INODE])
        descriptors = bytearray()
        free_blocks = free_inodes = 0
        for group in range(self._geometry.groups):
            one, blocks, inodes = self._group(group, bitmaps[group])
            descriptors += one
            free_blocks += blocks
            free_inodes += inodes
        self._write(1, bytes(descriptors))
        superblock = bytearray(self._skeleton.superblock)
        struct.pack_into("<II", superblock, 12, free_blocks, free_inodes)
        struct.pack_into("<I", superblock, 1020, checksum.superblock(bytes(superblock[:1020])))
        self._segments.append(Segment(self._start + 1024, 1024, bytes(superblock)))

    def _group(self, group: int, marks: bytes) -> tuple[bytes, int, int]:
        """Write one group's tables; its descriptor, free blocks and free inodes."""
        per_group = self._geometry.inodes_per_group
        first = group * per_group + 1
        numbers = [n for n in range(first, first + per_group) if n in self._table]
        highest = numbers[-1] - first + 1 if numbers else 0
        inode_marks = bytearray(per_group // 8).ljust(BLOCK, b"\xff")
        for n in numbers:
            inode_marks[n - first >> 3] |= 1 << (n - first & 7)
        descriptor = bytearray(self._skeleton.descriptors[group * _DESCRIPTOR :][:_DESCRIPTOR])
        block_bitmap, inode_bitmap, table = struct.unpack_from("<III", descriptor)
        (flags,) = struct.unpack_from("<H", descriptor, 18)
        free_blocks = GROUP - int.from_bytes(marks, "little").bit_count()
        free_inodes = per_group - len(numbers)
        if free_blocks < GROUP - self._geometry.metadata(group)[1] or not flags & _BLOCK_UNINIT:
            flags &= ~_BLOCK_UNINIT
            self._write(block_bitmap, marks)
        if numbers:
            flags &= ~_INODE_UNINIT
            self._write(inode_bitmap, bytes(inode_marks))
            unused = bytes(INODE)
            rows = b"".join([self._table.get(n, unused) for n in range(first, first + highest)])
            self._write(table, rows)
        directories = sum(stat.S_ISDIR(int.from_bytes(self._table[n][:2], "little")) for n in numbers)
        struct.pack_into("<HHHH", descriptor, 12, free_blocks, free_inodes, directories, flags)
        block_sum = checksum.crc(self._seed, marks) & 0xFFFF if not flags & _BLOCK_UNINIT else 0
        inode_sum = (
            checksum.crc(self._seed, bytes(inode_marks[: per_group // 8])) & 0xFFFF
            if not flags & _INODE_UNINIT
            else 0
        )
        struct.pack_into("<HHHH", descriptor, 24, block_sum, inode_sum, per_group - highest, 0)
        own = checksum.crc(self._seed, group.to_bytes(4, "little"))
        struct.pack_into("<H", descriptor, 30, checksum.crc(own, bytes(descriptor)) & 0xFFFF)
        return bytes(descriptor), free_blocks, free_inodes


def _marks(spans: Sequence[Span], groups: int) -> list[bytes]:
    """Block bitmaps of all groups."""
    blocks = bytearray(b"0") * (groups * GROUP)
    for start, length in spans:
        blocks[start : start + length] = b"1" * length
    # The digits of a number, whose lowest one is the first block.
    digits = (blocks[at : at + GROUP][::-1] for at in range(0, len(blocks), GROUP))
    return [int(each, 2).to_bytes(GROUP // 8, "little") for each in digits]
