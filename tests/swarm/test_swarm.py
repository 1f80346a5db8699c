# SPDX-License-Identifier: Apache-2.0
"""Sixteen nodes on wires of their own take an image from each other, over real ssh, onto cards of their own.

Wires and cards are a quarter as fast as the real ones, as this machine has two cores for all of them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.swarm.inside import MIB, Told, Wish
from tests.swarm.run import CARDS_ARE_SLOW, needs_namespaces, run

pytestmark = needs_namespaces
NODES = 16
RATIO = 1.6
MEMORY = 64 << 20


def quarter(folder: Path, nodes: int) -> Wish:
    return Wish(str(folder), nodes, size=40, mbit=25, rate=15 * MIB // 4 if CARDS_ARE_SLOW else 0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return run(replace(quarter(tmp_path_factory.mktemp("alone"), 1), swarm=False), 150)


def test_sixteen_take_little_longer_than_one(tmp_path: Path, alone: Told) -> None:
    told = run(quarter(tmp_path, NODES), 150)
    assert not told.faults
    assert len(told.same) == NODES
    assert max(told.seconds.values()) <= RATIO * alone.seconds["node01"]
    assert 8 << 20 < told.memory <= MEMORY
    image = told.receipts["node01"]["moved"]
    from_head = sum(each["moved"] - each["from_nodes"] for each in told.receipts.values())
    # One wire would have to carry all of it otherwise.
    assert from_head < NODES / 2 * image


def test_neither_the_dead_nor_the_slow_hold_up_others(tmp_path: Path, alone: Told) -> None:
    dead, slow = "node03", "node05"
    told = run(replace(quarter(tmp_path, NODES), slow={slow: 7}, dies=3, after=4), 200)
    assert told.faults == {dead: "died"}
    assert set(told.same) >= set(told.seconds) == {f"node{n:02}" for n in range(1, NODES + 1)} - {dead}
    others = [seconds for name, seconds in told.seconds.items() if name != slow]
    assert max(others) <= RATIO * alone.seconds["node01"]
