# SPDX-License-Identifier: Apache-2.0
"""What lies where in an empty ext4 of ours; pure. Blocks are 4 KiB, inodes 256 bytes.

Every block group stands for itself: [superblock copy, descriptors] bitmap, bitmap, inode table, data.
There are whole groups only and no flex_bg, which would move tables when a group is added: so a file
system that grows from one release to the next keeps everything where it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from builder.image.space import Span

BLOCK = 4096
INODE = 256
GROUP = 32768
"""Blocks of a group: what one block of bitmap can tell, 128 MiB."""
RESERVED_PERCENT = 1
FIRST_INODE = 11
"""lost+found; those below are the file system's own."""
JOURNAL = 16 << 20
"""Bytes of the journal. Cards grow to their full size at first boot, and the journal does not."""
JOURNAL_AT = 1024
"""Its first block. What mke2fs allocates besides, a few blocks, finds room before it."""
GROWTH = 1 << 29
"""Descriptors have room for so many blocks: 2 TiB, the most that an MBR can hold."""
_DESCRIPTOR = 32
DESCRIPTOR_BLOCKS = GROWTH // GROUP * _DESCRIPTOR // BLOCK
_FEWEST_INODES = 8192
"""For each group: one inode for 16 KiB, as mke2fs has it."""
_OWN_BLOCKS = 16
"""The least that mke2fs allocates itself: root, lost+found, the map of reserved descriptors; rounded up."""


@dataclass(frozen=True)
class Geometry:
    """`groups` of 128 MiB, `inodes_per_group` in each."""

    groups: int
    inodes_per_group: int

    @property
    def blocks(self) -> int:
        return self.groups * GROUP

    @property
    def bytes(self) -> int:
        return self.blocks * BLOCK

    @property
    def inodes(self) -> int:
        return self.groups * self.inodes_per_group

    @property
    def table(self) -> int:
        """Blocks of one group's inode table."""
        return self.inodes_per_group * INODE // BLOCK

    def metadata(self, group: int) -> Span:
        """What is taken at the start of a group."""
        copy = 1 + DESCRIPTOR_BLOCKS if has_copy(group) else 0
        return group * GROUP, copy + 2 + self.table

    @property
    def room(self) -> int:
        """Blocks that files and directories can take, and an ordinary user can fill."""
        taken = sum(self.metadata(group)[1] for group in range(self.groups))
        reserved = self.blocks * RESERVED_PERCENT // 100
        return self.blocks - taken - reserved - JOURNAL // BLOCK - _OWN_BLOCKS


def fit(blocks: int, inodes: int, free: int, former: Geometry | None) -> Geometry:
    """The least geometry for so many blocks and inodes and `free` more bytes; never less than `former`."""
    wanted = blocks + -(-free // BLOCK)
    per_group = former.inodes_per_group if former else _FEWEST_INODES
    groups = max(former.groups if former else 1, wanted // GROUP)
    while True:
        found = Geometry(groups, per_group)
        if found.room < wanted:
            groups += 1
        elif found.inodes >= inodes + FIRST_INODE:
            return found
        elif former or per_group == GROUP:
            groups += 1
        else:
            # Uncommonly many small files: more inodes rather than more room.
            per_group += _FEWEST_INODES


def has_copy(group: int) -> bool:
    """Whether a group carries the superblock or a copy: 0, 1 and the powers of 3, 5 and 7."""
    return group < 2 or any(_is_power(group, base) for base in (3, 5, 7))


def _is_power(number: int, base: int) -> bool:
    while number % base == 0:
        number //= base
    return number == 1
