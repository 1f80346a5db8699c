# SPDX-License-Identifier: Apache-2.0
"""From whom each node takes its next piece of an image, so that the head sends each about once. Pure.

Nodes tell what they have and what they want; each is told one piece, and who hands it out: another node, or
the head. What nobody has comes from the head, a different piece to each who asks. Nobody need be believed:
a node checks what it gets by the signed index, and goes elsewhere when it is wrong, slow or not there.

Sets of pieces are whole numbers, a bit a piece: a Pi asks sixty of them in no time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

HEAD = ""
"""In the place of a node: the head itself."""
FROM_HEAD = 4
"""Pieces that the head hands out at a time."""
TO_ONE = 2
"""Of these to one node: one that has died keeps no more from others until that is noticed."""
FROM_NODE = 3
SILENCE = 5.0
"""Seconds after which a node that says nothing is not sent to any more; who lives says something sooner."""
OVERDUE = 15.0
"""Seconds after which a transfer that was told to somebody does not count any more."""


@dataclass(frozen=True)
class Asked:
    """What a node says: pieces that it has, wants, and has under way; whom it avoids."""

    has: int
    wants: int
    taking: int
    avoids: Collection[str] = ()


@dataclass(frozen=True)
class Told:
    """A piece, and who hands it out; no piece is -1: then ask again after `wait` seconds."""

    piece: int
    source: str
    wait: float = 0.0


@dataclass
class Swarm:
    """All nodes that take one image, by the URL at which each hands on what it has. Times in seconds."""

    chance: random.Random = field(default_factory=random.Random)
    _has: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, float] = field(default_factory=dict)
    _given: dict[tuple[str, int], tuple[str, float]] = field(default_factory=dict)
    """By who takes it and the piece: from whom, and since when."""

    def ask(self, node: str, asked: Asked, now: float) -> Told:
        """What `node` is to take next."""
        self._has[node], self._seen[node] = asked.has, now
        self._forget(node, asked.taking, now)
        wants = asked.wants & ~(asked.has | asked.taking)
        for piece, source in self._choices(node, wants, asked.avoids):
            self._given[node, piece] = source, now
            return Told(piece, source)
        return Told(-1, HEAD, 0.05 + 0.004 * len(self._seen))

    def leave(self, node: str) -> None:
        """A node hands on nothing any more."""
        self._seen.pop(node, None)
        self._has.pop(node, None)

    def _choices(self, node: str, wants: int, avoids: Collection[str]) -> Iterator[tuple[int, str]]:
        """What it could take, the best first."""
        if not wants:
            return
        busy = Counter(source for source, _ in self._given.values())
        mine = sum(taker == node and source == HEAD for (taker, _), (source, _) in self._given.items())
        head_is_free = busy[HEAD] < FROM_HEAD and mine < TO_ONE
        nobodys = wants & ~self._anybodys()
        if nobodys and head_is_free:
            yield _lowest(nobodys), HEAD
        under_way = _union(1 << piece for _, piece in self._given)
        others = [
            (busy[other], not wants & has & ~under_way, self.chance.random(), other)
            for other, has in self._has.items()
            if other != node and other not in avoids and busy[other] < FROM_NODE and wants & has
        ]
        if others:
            *_, other = min(others)
            there = wants & self._has[other]
            yield self._any(there & ~under_way or there), other
        if head_is_free:
            yield self._any(wants & ~under_way or wants), HEAD

    def _anybodys(self) -> int:
        """What nodes have, or are being given by the head."""
        coming = (1 << piece for (_, piece), (source, _) in self._given.items() if source == HEAD)
        return _union(self._has.values()) | _union(coming)

    def _any(self, pieces: int) -> int:
        """One of them, so that not all who ask take the same; the foremost are what most want soonest."""
        found: list[int] = []
        while pieces and len(found) < 4:
            found.append(_lowest(pieces))
            pieces &= pieces - 1
        return self.chance.choice(found)

    def _forget(self, node: str, taking: int, now: float) -> None:
        """What is over, and who has gone."""
        for each in [each for each, seen in self._seen.items() if now - seen > SILENCE]:
            del self._seen[each], self._has[each]
        self._given = {
            (taker, piece): (source, since)
            for (taker, piece), (source, since) in self._given.items()
            if now - since < OVERDUE
            and taker in self._seen
            and (taker != node or taking >> piece & 1)
            and (source == HEAD or source in self._seen)
        }


def _lowest(pieces: int) -> int:
    return (pieces & -pieces).bit_length() - 1


def _union(sets: Iterator[int] | Collection[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found
