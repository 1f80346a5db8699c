# SPDX-License-Identifier: Apache-2.0
"""More nodes on wires of their own: eight, thirty-two, sixty; data that cannot be deflated; a head that goes.

Wires and cards are as much slower than real ones as this machine is too small for all these nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.swarm.inside import MIB, Told, Wish
from tests.swarm.run import needs_namespaces, run

pytestmark = needs_namespaces
RATIO = 1.6
# By the number of nodes, how many times slower yet: two cores compute for all of them.
SLOWER = {8: 1, 16: 1, 32: 2}
SECONDS = 400


def wish(folder: Path, nodes: int, like: str = "system", slower: int = 1) -> Wish:
    return Wish(str(folder), nodes, size=40, mbit=25 // slower, rate=15 * MIB // 4 // slower, like=like)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Told]:
    """One node alone, by what is in its image and how many times slower it is; measured once each."""

    @cache
    def measured(like: str, slower: int) -> Told:
        folder = tmp_path_factory.mktemp("alone")
        return run(replace(wish(folder, 1, like, slower), swarm=False), SECONDS)

    return measured


@pytest.mark.parametrize("like", ["system", "chance"])
@pytest.mark.parametrize("nodes", SLOWER)
def test_many_take_little_longer_than_one(
    nodes: int, like: str, tmp_path: Path, alone: Callable[[str, int], Told]
) -> None:
    one = alone(like, SLOWER[nodes])
    told = run(wish(tmp_path, nodes, like, SLOWER[nodes]), SECONDS)
    assert not told.faults
    assert len(told.same) == nodes
    ratio = max(told.seconds.values()) / one.seconds["node01"]
    print(f"{nodes} nodes, {like}: the last took {ratio:.2f} times as long as one alone")
    assert ratio <= RATIO


def test_sixty(tmp_path: Path) -> None:
    told = run(replace(wish(tmp_path, 60), size=24, mbit=12, rate=15 * MIB // 8), SECONDS)
    assert not told.faults
    assert len(told.same) == 60
    print(f"60 nodes: the last after {max(told.seconds.values())} s")
    from_head = sum(each["moved"] - each["from_nodes"] for each in told.receipts.values())
    assert from_head < 30 * told.receipts["node01"]["moved"]


def test_a_head_that_is_started_again(tmp_path: Path) -> None:
    told = run(replace(wish(tmp_path, 8), after=5, head_gone=8), SECONDS)
    assert not told.faults
    assert len(told.same) == 8
