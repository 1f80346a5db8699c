# SPDX-License-Identifier: Apache-2.0
"""How large an ext4 must be for a listing; pure. Blocks are 4 KiB, inodes 256 bytes.

Measured against mke2fs 1.47.2; wherever the exact number depends on its allocator, this rounds up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from builder.tree.entry import Entry, Kind

BLOCK = 4096
INODE = 256
GROUP_BLOCKS = 32768
BYTES_PER_INODE = 16384
"""One inode for so many bytes of the file system, beside those of the listing."""
RESERVED_PERCENT = 1
_RESERVED_INODES = 11
_SHORT_LINK = 60
_DIRECTORY_USE = 4096 - 24
_LOST_FOUND_BLOCKS = 4
_GIB_BLOCKS = (1 << 30) // BLOCK


@dataclass(frozen=True)
class Ext4Size:
    """`blocks` is the least size that does; a partition may have more. `journal` in MiB."""

    blocks: int
    inodes: int
    journal: int

    @property
    def bytes(self) -> int:
        """The least size in bytes."""
        return self.blocks * BLOCK


def ext4_size(entries: Iterable[Entry], free: int) -> Ext4Size:
    """What holds `entries` and lets an ordinary user write `free` more bytes."""
    content, inodes_used = _content(entries)
    wanted = content + -(-free // BLOCK)
    total = wanted
    while True:
        inodes = inodes_used + _RESERVED_INODES + total * BLOCK // BYTES_PER_INODE
        journal = journal_mib(total)
        need = wanted + _metadata(total, inodes) + journal * ((1 << 20) // BLOCK)
        need += need // 200 + 256  # extent tree blocks and the allocator's rounding
        need = -(-need * 100 // (100 - RESERVED_PERCENT))
        if need <= total:
            return Ext4Size(total, inodes, journal)
        total = need


def journal_mib(blocks: int) -> int:
    """The journal for a file system of so many blocks: mke2fs's own choice, without its large ones.

    Cards grow to their full size at first boot, and the journal does not; 16 MiB serve those as well.
    """
    if blocks < GROUP_BLOCKS:
        return 4
    return 16 if blocks < _GIB_BLOCKS else 32


def _content(entries: Iterable[Entry]) -> tuple[int, int]:
    """Blocks and inodes that a listing takes; hard links count once."""
    blocks = _LOST_FOUND_BLOCKS
    inodes = 1  # lost+found
    names: defaultdict[str, int] = defaultdict(int)
    linked: set[str] = set()
    for entry in entries:
        parent, _, name = entry.path.rpartition("/")
        names[parent] += 8 + -(-len(name.encode(errors="surrogateescape")) // 4) * 4
        if entry.links and entry.links in linked:
            continue
        linked.add(entry.links)
        inodes += 1
        blocks += bool(entry.xattrs)
        if entry.kind == Kind.FILE:
            blocks += -(-entry.size // BLOCK)
        elif entry.kind == Kind.LINK:
            blocks += len(entry.target.encode(errors="surrogateescape")) >= _SHORT_LINK
        elif entry.kind == Kind.DIRECTORY:
            blocks += 1
    # One entry never spans two blocks: count a block more for each full one.
    blocks += sum(size // _DIRECTORY_USE * 17 // 16 + (size > _DIRECTORY_USE) for size in names.values())
    return blocks, inodes


def _metadata(total: int, inodes: int) -> int:
    """Blocks of superblocks, descriptors (with room to grow 1024-fold), bitmaps and inode tables."""
    groups = -(-total // GROUP_BLOCKS)
    descriptors = -(-groups * 32 // BLOCK) + min(1024, groups * 1024 * 32 // BLOCK)
    backups = _backups(groups)
    inodes_per_group = -(-inodes // groups)
    per_group = -(-inodes_per_group * INODE // BLOCK) + 1
    return groups * (2 + per_group) + backups * (1 + descriptors)


def _backups(groups: int) -> int:
    """How many groups carry a copy of the superblock: 0, 1 and the powers of 3, 5 and 7."""
    powers = {base**n for base in (3, 5, 7) for n in range(1, 32)}
    return sum(1 for group in range(groups) if group < 2 or group in powers)
