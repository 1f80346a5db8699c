# SPDX-License-Identifier: Apache-2.0
"""However a discovery ends, each place is left as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from builder.cluster.discovery import Finding
from builder.errors import NodebakeError
from builder.power.discover import Discovery
from builder.power.outlet import Outlet, State
from builder.power.switchboard import Asked, Switchboard
from tests.unit.cluster.samples import HEAD, cluster, node

CLUSTER = cluster(f"{HEAD}nodes:\n{node(1)}{node(2)}")


@dataclass
class Board:
    """A switchboard that remembers."""

    on: set[int] = field(default_factory=set)
    done: list[tuple[int, bool]] = field(default_factory=list)
    cluster: Any = CLUSTER
    power: Any = field(default_factory=lambda: SimpleNamespace(sequence=SimpleNamespace(off_for=0.05)))

    async def ask(self, outlets: Iterable[Outlet]) -> Asked:
        return Asked({outlet.number: State.of(outlet.number in self.on) for outlet in outlets})

    async def switch(self, outlet: Outlet, on: bool) -> State:
        await asyncio.sleep(0)
        self.done.append((outlet.number, on))
        (self.on.add if on else self.on.discard)(outlet.number)
        return State.of(on)


async def silent() -> AsyncIterator[str]:
    """A log into which nothing is written."""
    await asyncio.sleep(60)
    yield ""


async def ending() -> AsyncIterator[str]:
    """A log that ends."""
    await asyncio.sleep(0.1)
    for line in list[str]():
        yield line


def discovery(
    board: Board, log: AsyncIterator[str], *, wait: float = 30
) -> Coroutine[Any, Any, list[Finding]]:
    switchboard = cast("Switchboard", board)
    return Discovery(switchboard, lambda _: None, wait).run(CLUSTER.nodes, frozenset({1, 2}), log)


@pytest.mark.tools
@pytest.mark.parametrize("on", [set(), {1}])
def test_when_the_log_ends(on: set[int]) -> None:
    board = Board(set(on))
    with pytest.raises(NodebakeError, match="dnsmasq's log has ended"):
        asyncio.run(discovery(board, ending()))
    assert board.on == on


@pytest.mark.tools
@pytest.mark.parametrize("on", [set(), {1}, {1, 2}])
@pytest.mark.parametrize("after", [0.0, 0.02, 0.08, 0.3])
def test_when_it_is_interrupted(on: set[int], after: float) -> None:
    board = Board(set(on))

    async def interrupted() -> None:
        task = asyncio.create_task(discovery(board, silent()))
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert board.on == on


@pytest.mark.tools
def test_one_place_at_a_time() -> None:
    board = Board({2})
    found = asyncio.run(discovery(board, silent(), wait=0.05))
    assert [each.why for each in found] == ["no board asked within 0.05 s"] * 2
    assert board.done == [(1, True), (1, False), (2, False), (2, True)]
