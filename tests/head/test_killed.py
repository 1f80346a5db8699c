# SPDX-License-Identifier: Apache-2.0
"""Killed at any instant, each node's pair is whole; and running again finishes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.head.ground import Ground, make_ground, node
from tests.head.killed import killed_before
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

STEP = 1 if os.environ.get("NODEBAKE_LONG") else 7
"""Each instant is tried by `make test-long`, which takes minutes; otherwise every seventh."""
ONE, TWO = node(1), node(2)
FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")
FLASHER = Tiny(version="20260501-eeeeeeee", recipe="flasher", epoch=1, mode="ram")
CARD = Tiny(version="20260601-ffffffff", recipe="card", epoch=1, mode="card")
PRIVATE_AGAIN = replace(PRIVATE, version="20260401-dddddddd", epoch=1775001600)


def publish(tiny: Tiny, *words: str) -> Callable[[Ground], int]:
    def call(ground: Ground) -> int:
        release = ground.folder / "out" / tiny.recipe / tiny.version
        return ground.call("publish", release, "--inventory", ground.nodes, "--nfs", "kernel", *words).code

    return call


def assign(tiny: Tiny) -> Callable[[Ground], int]:
    def call(ground: Ground) -> int:
        release = ground.folder / "out" / tiny.recipe / tiny.version
        return ground.call("assign", release, "--inventory", ground.nodes, "--nfs", "kernel").code

    return call


def say(*words: str) -> Callable[[Ground], int]:
    return lambda ground: ground.call(*words).code


def settle(outcome: str) -> Callable[[Ground], int]:
    return say("settle", outcome, "--nodes", "node01,node02", "--nfs", "kernel")


@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ([], publish(FIRST), FIRST),
        ([publish(FIRST)], publish(SECOND), SECOND),
        ([publish(FIRST)], publish(PRIVATE), PRIVATE),
        ([publish(PRIVATE)], publish(PRIVATE_AGAIN), PRIVATE_AGAIN),
        ([publish(FIRST), publish(SECOND)], say("rollback", "--to", FIRST.version), FIRST),
        ([publish(FIRST), publish(SECOND)], say("gc", "--keep", "1", "--nfs", "kernel"), SECOND),
        ([publish(PRIVATE)], assign(FLASHER), FLASHER),
        ([publish(FIRST), assign(FLASHER)], assign(CARD), CARD),
        ([publish(FIRST), assign(FLASHER), assign(CARD)], settle("passed"), FLASHER),
        ([publish(FIRST), assign(FLASHER), assign(CARD)], settle("failed"), FIRST),
        (
            [publish(FIRST), assign(FLASHER), assign(CARD), settle("passed")],
            settle("left"),
            FIRST,
        ),
    ],
    ids=[
        "first",
        "shared",
        "to-private",
        "private",
        "rollback",
        "gc",
        "assign",
        "try",
        "passed",
        "failed",
        "left",
    ],
)
def test_every_pair_is_whole_at_every_instant(
    before: list[Callable[[Ground], int]], call: Callable[[Ground], int], after: Tiny, place: Path
) -> None:
    ground = make_ground(place / "head")
    for each in (FIRST, SECOND, PRIVATE, PRIVATE_AGAIN, FLASHER, CARD):
        ground.made(each)
    for earlier in before:
        assert earlier(ground) == 0
    kept = place / "kept"
    copy_to(ground, kept)
    start = pairs(ground)
    number = 1
    while True:
        was_killed = killed_before(number, lambda: call(ground))
        assert all(now in (then, after.version) for now, then in zip(pairs(ground), start, strict=True)), (
            number
        )
        if not was_killed:
            break
        assert call(ground) == 0, f"after a kill before change {number}"
        assert pairs(ground) == [after.version] * 2, number
        assert left_over(ground) == [], number
        shutil.rmtree(ground.layout.pxe)
        shutil.rmtree(ground.layout.etc)
        copy_to(Ground(kept), ground.folder)
        number += STEP
    assert pairs(ground) == [after.version] * 2
    assert number > 5


def pairs(ground: Ground) -> list[str]:
    """What each node boots, all of it read; empty for a node without."""
    return [ground.whole(each) if ground.layout.switch(each.mac).is_symlink() else "" for each in (ONE, TWO)]


def left_over(ground: Ground) -> list[str]:
    """What is half made, where nodes can see it."""
    return [
        str(path)
        for path in ground.layout.pxe.rglob(".*")
        if path.name.endswith((".part", ".making", ".gone", ".pub"))
    ]


def copy_to(ground: Ground, folder: Path) -> None:
    """Keep or bring back what is on the disk, hard links as they are."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", ground.layout.pxe, ground.layout.etc, folder], check=True)
