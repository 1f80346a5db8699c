# SPDX-License-Identifier: Apache-2.0
"""What a store can spare: pure.

With a limit, what was not used for the longest goes first, and an object counts as used when one that
stands on it was: so nothing goes before what stands on it. Where an object and a fetched file were used at
the same time the object goes, for it can be made again, and a package or an image may have left its archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.store.held import Fetched, Held


@dataclass(frozen=True)
class Spare:
    """What to remove, in this order."""

    objects: tuple[Held, ...]
    files: tuple[Fetched, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(held.size for held in self.objects) + sum(file.size for file in self.files)


def unused(objects: Sequence[Held]) -> Spare:
    """The objects that no recipe's last plan has, and on which none of those stands."""
    kept = {held.id for held in objects if held.recipes}
    kept |= {below for held in objects if held.recipes for below in held.stands_on}
    gone = [held for held in objects if held.id not in kept]
    return Spare(tuple(sorted(gone, key=lambda held: -len(held.stands_on))), ())


def above(limit: int, objects: Sequence[Held], files: Sequence[Fetched]) -> Spare:
    """What has to go so that no more than `limit` bytes are left."""
    used = {held.id: held.used for held in objects}
    for held in objects:
        for below in held.stands_on:
            used[below] = max(used.get(below, 0.0), held.used)

    def turn(thing: Held | Fetched) -> tuple[float, bool, int]:
        if isinstance(thing, Fetched):
            return thing.used, True, 0
        return used[thing.id], False, -len(thing.stands_on)

    things: list[Held | Fetched] = [*objects, *files]
    left = sum(thing.size for thing in things)
    gone: list[Held | Fetched] = []
    for thing in sorted(things, key=turn):
        if left <= limit:
            break
        gone.append(thing)
        left -= thing.size
    return Spare(
        tuple(thing for thing in gone if isinstance(thing, Held)),
        tuple(thing for thing in gone if isinstance(thing, Fetched)),
    )
