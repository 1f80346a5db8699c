# SPDX-License-Identifier: Apache-2.0
"""The empty file system: made by mke2fs at its place in the image, its marks read back."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from builder.errors import StepError
from builder.image.ext4.geometry import (
    BLOCK,
    FIRST_INODE,
    GROUP,
    GROWTH,
    INODE,
    JOURNAL,
    JOURNAL_AT,
    RESERVED_PERCENT,
    Geometry,
)
from builder.image.identity import Identity
from builder.image.space import Span
from builder.image.tools import Tools, fixed_environment

# Named one by one, so that no mke2fs.conf has a say. Without 64bit and huge_file, as Raspberry Pi OS does.
_FEATURES = (
    "none",
    "has_journal",
    "ext_attr",
    "resize_inode",
    "dir_index",
    "filetype",
    "extent",
    "sparse_super",
    "large_file",
    "dir_nlink",
    "extra_isize",
    "metadata_csum",
)
_DESCRIPTOR = 32
_ROOT = 2


@dataclass(frozen=True)
class Skeleton:
    """What mke2fs wrote that filling must know or change.

    `superblock` and `descriptors` are their bytes, `own_inodes` the first 11 records; `used` spans hold
    what is not to be touched, in all groups.
    """

    superblock: bytes
    descriptors: bytes
    own_inodes: bytes
    used: tuple[Span, ...]


def make_empty(
    image: Path, start: int, geometry: Geometry, *, label: str, identity: Identity, time: int, tools: Tools
) -> Skeleton:
    """Make the file system at byte `start` of `image`; `time` in seconds since 1970 is when it was made."""
    extended = (
        f"offset={start}",
        f"hash_seed={identity.hash_seed}",
        f"resize={GROWTH}",
        "root_owner=0:0",
        # Inode tables that are never written are left to the kernel to clear: a card that is flashed by
        # block map keeps old bytes there.
        "lazy_itable_init=1",
        "lazy_journal_init=1",
        # The file is fresh; a discard would only punch holes into holes.
        "nodiscard",
    )
    argv = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-I", str(INODE), "-g", str(GROUP)]
    argv += ["-O", ",".join(_FEATURES), "-E", ",".join(extended), "-N", str(geometry.inodes)]
    argv += ["-J", f"size={JOURNAL >> 20},location={JOURNAL_AT * BLOCK}", "-m", str(RESERVED_PERCENT)]
    argv += ["-e", "remount-ro", "-U", identity.root_uuid, "-L", label]
    argv += [str(image), str(geometry.blocks)]
    tools.run(argv, env=fixed_environment(time))
    return _read(image, start, geometry)


def _read(image: Path, start: int, geometry: Geometry) -> Skeleton:
    with image.open("rb") as file:

        def read(at: int, length: int) -> bytes:
            file.seek(start + at)
            return file.read(length)

        superblock = read(1024, 1024)
        descriptors = read(BLOCK, geometry.groups * _DESCRIPTOR)
        bitmap, _, table = struct.unpack_from("<III", descriptors)
        own = read(table * BLOCK, FIRST_INODE * INODE)
        marks = read(bitmap * BLOCK, BLOCK)
    root = own[(_ROOT - 1) * INODE :][:INODE]
    # The root's block is filled anew; it lies wherever it is put then.
    (root_block,) = struct.unpack_from("<I", root, 40 + 12 + 8)
    used = [*_marked(marks, root_block), *(geometry.metadata(group) for group in range(1, geometry.groups))]
    _check(superblock, descriptors, used, geometry)
    return Skeleton(superblock, descriptors, own, tuple(used))


def _marked(bitmap: bytes, but: int) -> list[Span]:
    """The used blocks of the first group, `but` one."""
    spans: list[Span] = []
    for block in range(GROUP):
        if bitmap[block >> 3] >> (block & 7) & 1 and block != but:
            if spans and sum(spans[-1]) == block:
                spans[-1] = (spans[-1][0], spans[-1][1] + 1)
            else:
                spans.append((block, 1))
    return spans


def _check(superblock: bytes, descriptors: bytes, used: list[Span], geometry: Geometry) -> None:
    """Compare mke2fs's own counts with what we take for granted: another version may lay out otherwise."""
    blocks, free = struct.unpack_from("<I4xI", superblock, 4)
    (inodes,) = struct.unpack_from("<I", superblock, 40)
    ours = geometry.blocks - sum(length for _, length in used) - 1
    per_group = [
        struct.unpack_from("<H", descriptors, group * 32 + 12)[0] for group in range(geometry.groups)
    ]
    expected = [GROUP - geometry.metadata(group)[1] for group in range(1, geometry.groups)]
    if (blocks, free, inodes, per_group[1:]) != (geometry.blocks, ours, geometry.inodes_per_group, expected):
        raise StepError(
            "mke2fs laid out a file system otherwise than expected",
            facts=[
                f"blocks {blocks}, expected {geometry.blocks}",
                f"free blocks {free}, expected {ours}",
                f"inodes per group {inodes}, expected {geometry.inodes_per_group}",
            ],
            hint="report it with the version of e2fsprogs in the lock's helper",
        )
