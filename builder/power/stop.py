# SPDX-License-Identifier: Apache-2.0
"""Nodes off: shut down over ssh, then the power cut; one that answers and cannot be shut down is left on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from builder.cluster.cluster import Node
from builder.errors import NodebakeError
from builder.fleet.machine import node_machine
from builder.power.outlet import State, Tell
from builder.power.reach import End, Shutdown
from builder.power.switchboard import Switchboard, outlet_of

_AT_ONCE = 16  # logins at a time


@dataclass(frozen=True)
class Stopped:
    """What became of a node: its state now, and how it came to that. `done` is false where it is left on."""

    node: Node
    state: State
    how: str
    done: bool


@dataclass(frozen=True)
class Stop:
    """One switching off of nodes. With `now`, the power is cut at once."""

    board: Switchboard
    now: bool
    say: Tell

    async def run(self, nodes: Iterable[Node]) -> list[Stopped]:
        """Switch off what is not off; a result for each node, in their order."""
        chosen = list(nodes)
        asked = await self.board.ask(outlet_of(node) for node in chosen)
        for fault in asked.faults:
            self.say(f"the state is not known: {fault.message}")
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(node: Node) -> Stopped:
            if asked.states[node.number] is State.OFF:
                return self._told(Stopped(node, State.OFF, "off already", done=True))
            async with gate:
                return self._told(await self._stop(node, asked.states[node.number]))

        return list(await asyncio.gather(*(one(node) for node in chosen)))

    async def _stop(self, node: Node, state: State) -> Stopped:
        shutdown = Shutdown(End.SILENT) if self.now else await self._shut_down(node)
        if shutdown.end is End.BARRED:
            return Stopped(node, state, f"left on: {shutdown.why}", done=False)
        how = "cut at once" if self.now else str(shutdown.end)
        try:
            state = await self.board.switch(outlet_of(node), on=False)
        except NodebakeError as error:
            # The command may have come through all the same.
            state = (await self.board.ask([outlet_of(node)])).states[node.number]
            if state is not State.OFF:
                return Stopped(node, state, error.message, done=False)
        return Stopped(node, state, how, done=True)

    async def _shut_down(self, node: Node) -> Shutdown:
        self.say(f"{node.name}: shutting down")
        reach = self.board.reach
        return await reach.shut_down(node_machine(self.board.cluster, node))

    def _told(self, stopped: Stopped) -> Stopped:
        ending = f"off, {stopped.how}" if stopped.done and stopped.how != "off already" else stopped.how
        self.say(f"{stopped.node.name}: {ending}")
        return stopped
