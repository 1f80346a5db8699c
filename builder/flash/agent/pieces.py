# SPDX-License-Identifier: Apache-2.0
"""The pieces that nodes hand on to each other: 2 MiB each, from the end of the first MiB on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from builder.flash.agent.card import HEAD
from builder.flash.agent.compare import Run
from builder.flash.agent.wanted import Wanted
from builder.release.index import BLOCK_SIZE

FIRST = HEAD // BLOCK_SIZE
BLOCKS = (2 << 20) // BLOCK_SIZE
_FEW = 4
"""Of which less than one part in so many is wanted, that is asked for by itself."""


@dataclass(frozen=True)
class Part:
    """What of a piece is wanted; `content` and `differ` count the blocks of it, and of that, with content."""

    piece: int
    runs: tuple[Run, ...]
    content: int
    differ: int

    @property
    def whole(self) -> bool:
        """Whether so much is wanted that all of it is taken."""
        return bool(self.differ) and self.differ * _FEW >= self.content


def run_of(piece: int, end: int) -> Run:
    """The blocks of a piece, in an image of `end` blocks."""
    first = FIRST + piece * BLOCKS
    return Run(first, min(BLOCKS, end - first))


def parts(group: Run, runs: Sequence[Run], wanted: Wanted) -> Iterator[Part]:
    """What is wanted of each piece of a group; no runs where all of it fits. A group has whole pieces."""
    for first in range(group.first, group.first + group.count, BLOCKS):
        piece = run_of((first - FIRST) // BLOCKS, len(wanted.index))
        own = tuple(_within(piece, runs))
        content = sum(not wanted.is_zero(block) for block in piece.blocks)
        differ = sum(not wanted.is_zero(block) for run in own for block in run.blocks)
        yield Part((first - FIRST) // BLOCKS, own, content, differ)


def _within(piece: Run, runs: Sequence[Run]) -> Iterator[Run]:
    """The parts of runs that lie in a piece."""
    for run in runs:
        low, high = max(run.first, piece.first), min(run.first + run.count, piece.first + piece.count)
        if low < high:
            yield Run(low, high - low)
