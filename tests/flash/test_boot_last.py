# SPDX-License-Identifier: Apache-2.0
"""A card that its flasher was booted from: when power is cut, the flasher boots until the very last pass."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import RefusedError
from builder.flash.agent import label, table
from builder.flash.agent.order import Order
from builder.flash.agent.table import Part
from builder.flash.agent.work import carry_out
from tests.flash.conftest import Ground
from tests.flash.ground import BOOT, BOOTCODE, MIB, ROOT, SLOT, Tiny, blank, node_root
from tests.flash.power import cut
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")

FORMER = Tiny(size=12 * MIB)
IN_BOOT = (129, 131, 135, 140)
"""Blocks of the first partition that the later release has otherwise."""
LATER = replace(
    FORMER, version="20260201-bbbbbbbb", changed=(*IN_BOOT, *range(145, 190, 3)), epoch=1769904000
)
BLOCK = 64 * 1024
_FREE = ROOT - 2 * BLOCK
"""Where the flasher's own files lie, in what both releases leave free."""


def ordered(ground: Ground, card: Path) -> Order:
    """A card with the former release, the flasher on its boot partition, an identity in the slot."""
    # The later image has zeros there: nothing in it is the flasher's.
    blank(card, 13 * MIB)
    ground.flash(replace(ground.order(FORMER, card), held=False))
    with card.open("r+b") as file:
        file.seek(_FREE)
        file.write(random.Random(5).randbytes(2 * BLOCK))
        file.seek(SLOT.start)
        file.write(b"an identity".ljust(SLOT.size, b"\0"))
    root = node_root(card.parent / "root")
    return replace(ground.order(LATER, card, root), held=False, boot_last=True)


def flasher_boots(now: bytes, before: bytes) -> bool:
    """Whether what the flasher needs is as it was: the first partition and its entry, and the identity."""
    return (
        table.parts(now[:512])[:1] == table.parts(before[:512])[:1]
        and now[BOOT:ROOT] == before[BOOT:ROOT]
        and now[SLOT.start : SLOT.start + SLOT.size] == before[SLOT.start : SLOT.start + SLOT.size]
    )


def test_the_release_is_there_in_the_end(ground: Ground, tmp_path: Path) -> None:
    card = tmp_path / "card"
    given = ordered(ground, card)
    before = card.read_bytes()
    done = ground.flash(given)
    now = card.read_bytes()
    assert done.outcome == "written"
    assert now[BOOT : LATER.size] == LATER.image[BOOT:]
    assert now[BOOTCODE : BOOTCODE + 11] == b"BOOTCODEBIN"
    told = label.parse(now[label.START : label.START + label.SIZE])
    assert told is not None
    assert (told.state, told.release) == ("whole", LATER.label)
    # What was written while the card booted nothing: the first partition's blocks that differ, and the slot.
    window = [total for phase, _, total in ground.told if phase == "boot"][-1]
    blocks = [slice(start, start + BLOCK) for start in range(MIB, ROOT, BLOCK)]
    differ = [block for block in blocks if now[block] != before[block]]
    assert len(differ) == len(IN_BOOT) + 2 + 1
    assert window == len(differ) * BLOCK
    assert ground.flash(given).outcome == "same"


def test_the_flasher_boots_until_the_last_pass(ground: Ground, tmp_path: Path) -> None:
    card = tmp_path / "card"
    cuts = outside = 0
    given = ordered(ground, card)
    before, whole = card.read_bytes(), _whole(ground, card, given)
    for seed in range(10):
        chance = random.Random(seed)
        card.write_bytes(before)
        for _ in range(chance.randrange(1, 4)):
            if not cut(given, chance.randrange(1, 26), chance.randrange(1 << 30)):
                break
            cuts += 1
            now = card.read_bytes()
            if flasher_boots(now, before):
                outside += 1
                continue
            # The last pass had begun: whatever lies behind the first partition is there, and the table.
            assert now[ROOT:] == whole[ROOT:]
            assert now[:512] == whole[:512]
        ground.flash(given)
        assert card.read_bytes() == whole
    # Both kinds have been seen.
    assert cuts >= 10
    assert 0 < outside < cuts


@pytest.mark.parametrize("phase", ["compare", "boot"])
def test_who_listens_may_go_before_the_last_pass_or_in_it(ground: Ground, tmp_path: Path, phase: str) -> None:
    """It stops while the flasher boots, and goes on when nothing does."""
    card = tmp_path / "card"
    given = ordered(ground, card)
    before, whole = card.read_bytes(), _whole(ground, card, given)
    gone = False

    def tell(now: str, done: int, total: int) -> None:
        nonlocal gone
        gone = gone or now == phase
        if gone:
            raise BrokenPipeError

    if phase == "boot":
        assert carry_out(given, tell).outcome == "written"
        assert card.read_bytes() == whole
    else:
        with pytest.raises(BrokenPipeError):
            carry_out(given, tell)
        assert flasher_boots(card.read_bytes(), before)
    assert gone


def _whole(ground: Ground, card: Path, given: Order) -> bytes:
    other = card.with_name("undisturbed")
    other.write_bytes(card.read_bytes())
    ground.flash(replace(given, device=str(other)))
    return other.read_bytes()


@pytest.mark.parametrize("kind", ["elsewhere", "none"])
def test_a_boot_partition_elsewhere_is_refused(ground: Ground, tmp_path: Path, kind: str) -> None:
    card = tmp_path / "card"
    given = ordered(ground, card)
    with card.open("r+b") as file:
        file.seek(table.THIRD - 32)
        part = Part(1, 0x0C, BOOT, ROOT - BOOT - BLOCK)
        file.write(table.entry(part) if kind == "elsewhere" else bytes(16))
    # Without a partition it takes more than that to be refused.
    given = replace(given, take_card=True)
    before = card.read_bytes()
    with pytest.raises(RefusedError) as refused:
        ground.flash(given)
    assert refused.value.message == f"the boot partition of `{card}` is not where `{LATER.label}` has it"
    there = f"{ROOT - BOOT - BLOCK} bytes from byte {BOOT} on" if kind == "elsewhere" else "none"
    facts = [f"on the card: {there}", f"in the image: {MIB} bytes from byte {BOOT} on"]
    assert list(refused.value.facts) == facts
    assert refused.value.hint == (
        "this board boots from nothing but its card: write it in a reader, nodebake write"
    )
    assert card.read_bytes() == before
