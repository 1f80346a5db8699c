# SPDX-License-Identifier: Apache-2.0
"""One flash that loses its power once or more often, by a seed, and what has to hold after each time."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from builder.flash.agent import label, table
from builder.flash.agent.table import Part
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank, dirty, node_root
from tests.flash.power import cut, writes

FORMER = Tiny(size=10 * MIB)
LATER = replace(
    FORMER, seed=1, version="20260201-bbbbbbbb", changed=tuple(range(129, 160, 5)), epoch=1769904000
)
DATA = Part(3, 0x83, 11 * MIB, MIB)


def interrupt(ground: Ground, card: Path, seed: int) -> int:
    """Flash with power cuts until it is done; how many there were."""
    chance = random.Random(seed)
    kind = chance.choice(("blank", "dirty", "former", "data"))
    _lay(ground, card, kind)
    keep = kind == "data"
    given = replace(ground.order(LATER, card, node_root(card.parent / "root")), keep_data=keep)
    whole = _whole(ground, card, keep)
    former, data = card.read_bytes(), card.read_bytes()[DATA.start :]
    steps = chance.randrange(1, 14)
    cuts = 0
    for _ in range(chance.randrange(1, 4)):
        if not cut(given, chance.randrange(1, steps + 1), chance.randrange(1 << 30)):
            break
        cuts += 1
        now = card.read_bytes()
        boots = table.parts(now[:512]) != ()
        # It boots only what is all there: the later release, or the former one with another label.
        assert not boots or now == whole or _but_label(now) == _but_label(former)
        assert now[DATA.start :] == data
    ground.flash(given)
    assert card.read_bytes() == whole
    return cuts


def _lay(ground: Ground, card: Path, kind: str) -> None:
    """A card as it may be when a flash begins."""
    if kind == "dirty":
        dirty(card, 12 * MIB)
        return
    blank(card, 12 * MIB)
    if kind == "blank":
        return
    ground.flash(ground.order(FORMER, card))
    if kind == "data":
        with card.open("r+b") as file:
            file.seek(DATA.start + 1024 + 0x38)
            file.write(b"\x53\xef")
            file.seek(DATA.start + 1024 + 0x78)
            file.write(b"nodebake-docker\0")
            file.seek(table.THIRD)
            file.write(table.entry(DATA))


def _whole(ground: Ground, card: Path, keep: bool) -> bytes:
    """What the card is to be in the end, from a flash that nothing disturbs."""
    other = card.with_name("undisturbed")
    other.write_bytes(card.read_bytes())
    given = replace(ground.order(LATER, other, node_root(card.parent / "root")), keep_data=keep)
    assert writes(given) > 0
    return other.read_bytes()


def _but_label(data: bytes) -> bytes:
    return data[: label.START] + bytes(label.SIZE) + data[label.START + label.SIZE :]
