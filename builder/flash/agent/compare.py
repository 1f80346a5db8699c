# SPDX-License-Identifier: Apache-2.0
"""Which blocks of a card are not what they are to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from builder.flash.agent.direct import Device
from builder.flash.agent.wanted import Wanted
from builder.release.index import BLOCK_SIZE

_STRANGE = 4
"""After so many groups in a row of which nothing fits, the card holds something else."""
_BLIND = 15
"""So many groups are then written without a look at what is there, and one is compared again: so a foreign
card is not read twice, and one that is foreign in part costs a few MiB more."""


@dataclass(frozen=True)
class Run:
    """`count` blocks that follow one another, from `first` on."""

    first: int
    count: int

    @property
    def start(self) -> int:
        """Where it begins, in bytes."""
        return self.first * BLOCK_SIZE

    @property
    def blocks(self) -> range:
        """The numbers of its blocks."""
        return range(self.first, self.first + self.count)

    def size(self, whole: int) -> int:
        """Its bytes, in an image of `whole` bytes, whose last block may be shorter."""
        return min(self.count * BLOCK_SIZE, whole - self.start)

    def pieces(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Its bytes, block by block."""
        for block in self.blocks:
            skip = (block - self.first) * BLOCK_SIZE
            yield block, data[skip : skip + BLOCK_SIZE]


@dataclass
class Comparing:
    """Goes through a card, group by group; `compared` counts the bytes that were read."""

    device: Device
    wanted: Wanted
    compared: int = field(default=0, init=False)
    _strange: int = field(default=0, init=False)
    _blind: int = field(default=0, init=False)

    def differing(self, group: Run) -> list[Run]:
        """The runs of a group that are to be written."""
        content = {block for block in group.blocks if not self.wanted.is_zero(block)}
        unread = content if self._blind else set()
        differ = unread | set(self._read(block for block in group.blocks if block not in unread))
        if self._blind:
            self._blind -= 1
        elif content:
            self._strange = self._strange + 1 if content <= differ else 0
            self._blind = _BLIND if self._strange >= _STRANGE else 0
        return list(_runs(sorted(differ)))

    def _read(self, blocks: Iterable[int]) -> Iterator[int]:
        """Those of `blocks` that do not fit."""
        for run in _runs(blocks):
            size = run.size(self.wanted.index.image_size)
            self.compared += size
            for block, piece in run.pieces(self.device.read(run.start, size)):
                if not self.wanted.fits(block, piece):
                    yield block


def _runs(blocks: Iterable[int]) -> Iterator[Run]:
    first = count = 0
    for block in blocks:
        if count and block != first + count:
            yield Run(first, count)
            count = 0
        first, count = (first, count + 1) if count else (block, 1)
    if count:
        yield Run(first, count)
