# SPDX-License-Identifier: Apache-2.0
"""Choose blocks: what was there before stays, the rest takes the first room there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.image.space import Space, Span, joined

_PIECES = 4
"""A file may lie in so many: an inode of ext4 tells four without a further block."""


def choose(
    wanted: Sequence[tuple[str, int]], former: Mapping[str, Sequence[Span]], space: Space
) -> dict[str, tuple[Span, ...]]:
    """Spans for each path, in the order of `wanted`, pairs of a path and how many blocks it takes.

    A file keeps its first blocks, whether or not its content is the same: what moved would have to be
    written twice, there and as zeros here. One that grew gets what it lacks, behind it if there is room.
    Only when it would fall into too many pieces, or grew to more than twice its size, it moves as a whole
    and is in one piece again. Raises ValueError when it does not fit.
    """
    kept: dict[str, list[Span]] = {}
    # All that stays is claimed before anything is placed, or a newcomer would take its place.
    for path, blocks in wanted:
        if path in former and blocks:
            kept[path] = _claim(former[path], blocks, space)
    for path, blocks in wanted:
        if path in kept and not _stays(kept[path], blocks, space):
            for span in kept.pop(path):
                space.give(span)
    found = {}
    for path, blocks in wanted:
        spans = kept.get(path, [])
        lacking = blocks - sum(length for _, length in spans)
        found[path] = tuple(joined([*spans, *space.take(lacking)]))
    return found


def _stays(spans: list[Span], blocks: int, space: Space) -> bool:
    """Whether a file of `blocks` stays in its spans, which may grow by the room behind them."""
    have = sum(length for _, length in spans)
    if have < blocks and spans and space.claim(sum(spans[-1]), blocks - have):
        spans[-1] = (spans[-1][0], spans[-1][1] + blocks - have)
        return True
    return have == blocks or (0 < len(spans) < _PIECES and blocks <= 2 * have)


def _claim(spans: Sequence[Span], blocks: int, space: Space) -> list[Span]:
    """The first `blocks` of these spans, as far as they are free."""
    kept: list[Span] = []
    for start, length in spans:
        part = min(length, blocks)
        if not part or not space.claim(start, part):
            break
        kept.append((start, part))
        blocks -= part
    return kept
