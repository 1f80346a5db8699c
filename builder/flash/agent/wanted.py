# SPDX-License-Identifier: Apache-2.0
"""What is to be on the card: the image's blocks, and here and there bytes that are this card's own. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from builder.flash.agent import label, table
from builder.flash.agent.label import Label
from builder.flash.agent.release import Release
from builder.flash.agent.table import Part
from builder.release.index import BLOCK_SIZE, Index

BOOTCODE, HELD = b"BOOTCODEBIN", b"BOOTCODEHLD"
"""How a directory entry spells `bootcode.bin`, and the name that no boot ROM looks for."""
ZEROS = hashlib.sha256(bytes(BLOCK_SIZE)).digest()


@dataclass(frozen=True)
class Patch:
    """At byte `start` of the disk the image has `image`, and the card is to have `own`, as long."""

    start: int
    image: bytes
    own: bytes


@dataclass(frozen=True)
class Wanted:
    """Blocks by their hash in `index`, and what differs from them on this card."""

    index: Index
    patches: Sequence[Patch]

    def fits(self, block: int, data: bytes | memoryview) -> bool:
        """Whether a block of the card, all of it, is what it is to be."""
        if block not in self._touched:
            return self.is_image(block, data)
        found = bytes(data)
        return self.own(block, found) == found and self.is_image(block, self.plain(block, found))

    def is_image(self, block: int, data: bytes | memoryview) -> bool:
        """Whether `data` is that block of the image."""
        return hashlib.sha256(data).digest() == self.index[block]

    def is_zero(self, block: int) -> bool:
        """Whether the image has nothing but zeros there."""
        return self.index[block] == ZEROS

    def differs(self, block: int) -> bool:
        """Whether the card has something else there than the image."""
        return block in self._touched

    def own(self, block: int, data: bytes) -> bytes:
        """A block of the image as it is to be on this card."""
        return self._laid(block, data, [(patch.start, patch.own) for patch in self.patches])

    def plain(self, block: int, data: bytes) -> bytes:
        """A block of this card as the image has it."""
        return self._laid(block, data, [(patch.start, patch.image) for patch in self.patches])

    def _laid(self, block: int, data: bytes, over: Sequence[tuple[int, bytes]]) -> bytes:
        if block not in self._touched:
            return data
        first = block * BLOCK_SIZE
        made = bytearray(data)
        for start, piece in over:
            low, high = max(start, first), min(start + len(piece), first + len(data))
            if low < high:
                made[low - first : high - first] = piece[low - start : high - start]
        return bytes(made)

    @cached_property
    def _touched(self) -> frozenset[int]:
        return frozenset(
            block
            for patch in self.patches
            for block in range(patch.start // BLOCK_SIZE, -(-(patch.start + len(patch.own)) // BLOCK_SIZE))
        )


def wanted(
    index: Index, release: Release, node: str, slot: bytes, *, held: bool, data: Part | None
) -> Wanted:
    """The image of a release, as a node's card has it; `data` is docker's partition, if that is kept."""
    whole = label.dump(Label("whole", release.label, release.epoch, node, data))
    patches = [Patch(label.START, bytes(label.SIZE), whole)]
    if slot:
        patches.append(Patch(release.slot[0], bytes(len(slot)), slot))
    if release.bootcode:
        patches.append(Patch(release.bootcode, BOOTCODE, HELD if held else BOOTCODE))
    if data:
        entry = table.entry(data)
        patches.append(Patch(table.THIRD, bytes(len(entry)), entry))
    return Wanted(index, patches)
