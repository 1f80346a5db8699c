# SPDX-License-Identifier: Apache-2.0
"""Free room, in spans of blocks; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Span = tuple[int, int]
"""The first block and how many."""


class Space:
    """What is still free. Spans never touch one another; all are in order."""

    def __init__(self, free: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, length in sorted(free):
            if length > 0:
                self._starts.append(start)
                self._ends.append(start + length)
        # No hole below this one's number has more room than the last search asked for.
        self._size, self._first = 0, 0

    @property
    def blocks(self) -> int:
        """How many blocks are free."""
        return sum(self._ends) - sum(self._starts)

    def claim(self, start: int, length: int) -> bool:
        """Take exactly these blocks; False, and nothing taken, if one of them is not free."""
        hole = bisect_right(self._starts, start) - 1
        if hole < 0 or self._ends[hole] < start + length:
            return False
        self._cut(hole, start, start + length)
        return True

    def take(self, length: int) -> list[Span]:
        """The first hole that has room for all; else the largest ones, as few as it takes.

        Raises ValueError when there is not so much left.
        """
        if not length:
            return []
        first = self._first if length >= self._size else 0
        for hole in range(first, len(self._starts)):
            start = self._starts[hole]
            if self._ends[hole] - start >= length:
                self._size, self._first = length, hole
                self._cut(hole, start, start + length)
                return [(start, length)]
        return self._scattered(length)

    def give(self, span: Span) -> None:
        """Take back what was claimed."""
        start, length = span
        hole = bisect_right(self._starts, start)
        self._starts.insert(hole, start)
        self._ends.insert(hole, start + length)
        for left in (hole, hole - 1):
            if 0 <= left < len(self._starts) - 1 and self._ends[left] == self._starts[left + 1]:
                del self._ends[left], self._starts[left + 1]
        self._first = 0

    def _scattered(self, length: int) -> list[Span]:
        if self.blocks < length:
            raise ValueError(f"{length} blocks are wanted, {self.blocks} are free")
        holes = [(start, end - start) for start, end in zip(self._starts, self._ends, strict=True)]
        taken: list[Span] = []
        for start, room in sorted(holes, key=lambda hole: (-hole[1], hole[0])):
            part = min(length, room)
            self.claim(start, part)
            taken.append((start, part))
            length -= part
            if not length:
                break
        return sorted(taken)

    def _cut(self, hole: int, start: int, end: int) -> None:
        """Take a part out of one hole, which may leave two, one or none."""
        before, after = self._starts[hole], self._ends[hole]
        rest = [(a, b) for a, b in ((before, start), (end, after)) if a < b]
        self._starts[hole : hole + 1] = [a for a, _ in rest]
        self._ends[hole : hole + 1] = [b for _, b in rest]
        if len(rest) != 1:
            self._first = min(self._first, hole)


def complement(used: Iterable[Span], total: int) -> list[Span]:
    """The spans of 0 to `total` that none of `used` covers; those may overlap and be in any order."""
    free = []
    at = 0
    for start, length in sorted(used):
        if start > at:
            free.append((at, start - at))
        at = max(at, start + length)
    if at < total:
        free.append((at, total - at))
    return free


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same blocks in the same order, with neighbours made one span."""
    result: list[Span] = []
    for start, length in spans:
        if result and sum(result[-1]) == start:
            result[-1] = (result[-1][0], result[-1][1] + length)
        else:
            result.append((start, length))
    return result
