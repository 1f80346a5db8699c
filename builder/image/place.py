# SPDX-License-Identifier: Apache-2.0
"""Choose blocks: what was there before stays, the rest takes the first room there is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.image.space import Space, Span, joined


def choose(
    wanted: Sequence[tuple[str, int]], former: Mapping[str, Sequence[Span]], space: Space
) -> dict[str, tuple[Span, ...]]:
    """Spans for each path, in the order of `wanted`, pairs of a path and how many blocks it takes.

    A file of the same or a smaller size keeps its first blocks, whether or not its content is the same.
    One that grew grows into the room behind it, or else moves as a whole: all of it is written anew
    anyhow, and in one piece it can stay where it is the next time. Raises ValueError when it does not fit.
    """
    kept: dict[str, list[Span]] = {}
    # All that stays is claimed before anything moves, or a newcomer would take its place.
    for path, blocks in wanted:
        if path in former and blocks:
            kept[path] = _claim(former[path], blocks, space)
    for path, blocks in wanted:
        have = sum(length for _, length in kept.get(path, ()))
        if path in kept and have < blocks:
            end = sum(kept[path][-1]) if kept[path] else -1
            if kept[path] and space.claim(end, blocks - have):
                kept[path].append((end, blocks - have))
            else:
                for span in kept.pop(path):
                    space.give(span)
    return {
        path: tuple(joined(kept[path] if path in kept else space.take(blocks))) for path, blocks in wanted
    }


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
