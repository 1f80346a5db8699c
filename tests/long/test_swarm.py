# SPDX-License-Identifier: Apache-2.0
"""More nodes on wires of their own: eight, thirty-two, sixty; data that cannot be deflated; a head that goes.

Wires and cards are as much slower than real ones as this machine is too small for all these nodes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.swarm.inside import MIB, Told, Wish
from tests.swarm.run import needs_namespaces, run

pytestmark = needs_namespaces
# What 32 nodes compute is more than two cores carry at that pace: theirs is stated, and no more than bounded.
RATIO = {8: 1.6, 16: 1.6, 32: 2.0}
SECONDS = 400


def wish(folder: Path, nodes: int, like: str = "system") -> Wish:
    return Wish(str(folder), nodes, size=40, mbit=25, rate=15 * MIB // 4, like=like)


@pytest.fixture(scope="module", params=["system", "chance"])
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Told]:
    folder = tmp_path_factory.mktemp("alone")
    return request.param, run(replace(wish(folder, 1, request.param), swarm=False), SECONDS)


@pytest.mark.parametrize("nodes", [8, 16, 32])
def test_many_take_little_longer_than_one(nodes: int, tmp_path: Path, alone: tuple[str, Told]) -> None:
    like, one = alone
    told = run(wish(tmp_path, nodes, like), SECONDS)
    assert not told.faults
    assert len(told.same) == nodes
    ratio = max(told.seconds.values()) / one.seconds["node01"]
    print(f"{nodes} nodes, {like}: the last took {ratio:.2f} times as long as one alone")
    assert ratio <= RATIO[nodes]


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
