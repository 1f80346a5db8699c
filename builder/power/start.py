# SPDX-License-Identifier: Apache-2.0
"""Nodes on: what `startup` decides is done, and what the log and ssh show of the nodes is told to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from builder.cluster.cluster import Node
from builder.errors import NodebakeError
from builder.fleet.knock import Answer
from builder.fleet.machine import head_machine, node_machine
from builder.power import log
from builder.power.outlet import State, Tell
from builder.power.signs import Faces
from builder.power.startup import OVER, Action, Phase, Startup
from builder.power.switchboard import Switchboard, outlet_of

_TICK = 0.1
_KNOCK_EVERY = 1.0


@dataclass(frozen=True)
class Start:
    """One start of nodes, with everything that is said about it."""

    board: Switchboard
    say: Tell

    async def run(self, nodes: Iterable[Node], known: Mapping[int, State]) -> Startup:
        """Bring nodes up. Those `known` to be on are watched only. Ends when each is up or given up."""
        by_number = {node.number: node for node in nodes}
        power = self.board.power
        startup = Startup(power.sequence, frozenset(self._logged(by_number)))
        # All at once: who is off says nothing, and each would be waited for.
        found = await asyncio.gather(
            *(self._is_on(node, known[number]) for number, node in by_number.items())
        )
        on = [number for number, is_on in zip(by_number, found, strict=True) if is_on]
        now = _now()
        for number in on:
            self.say(f"{by_number[number].name}: on already")
        startup.add(on, now=now, on_already=True)
        startup.add((number for number in by_number if number not in on), now=now)
        async with AsyncExitStack() as stack:
            watchers = []
            if power.log is not None:
                head = head_machine(self.board.cluster)
                lines = await stack.enter_async_context(log.followed(power.log, self.board.reach, head))
                watchers.append(self._watch_log(startup, by_number, lines))
            if power.sequence.up == "ssh":
                watchers.append(self._watch_ssh(startup, by_number))
            tasks = [asyncio.create_task(watcher) for watcher in watchers]
            try:
                await self._switch(startup, by_number, tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return startup

    async def _is_on(self, node: Node, known: State) -> bool:
        """Whether its power is to be left alone: nobody may know its state, and it works all the same."""
        return known is State.ON or (known is State.UNKNOWN and await self._answer(node) is Answer.SSH)

    def _logged(self, nodes: Mapping[int, Node]) -> Iterator[int]:
        """The nodes that boot over the network, as far as there is a log to show it."""
        cluster = self.board.cluster
        for number, node in nodes.items() if self.board.power.log else ():
            if node.mac and not cluster.networks[node.network].wireless:
                yield number

    async def _switch(
        self, startup: Startup, nodes: Mapping[int, Node], watchers: Iterable[asyncio.Task[None]]
    ) -> None:
        while not startup.over():
            for watcher in watchers:
                if watcher.done():
                    watcher.result()  # raises what ended it
            for action in startup.actions(_now()):
                await self._do(startup, nodes[action.number], action)
            await asyncio.sleep(_TICK)
        for node in startup.nodes.values():
            if node.phase is Phase.MISSING:
                self.say(f"{nodes[node.number].name}: missing: {node.why}")

    async def _do(self, startup: Startup, node: Node, action: Action) -> None:
        why = f": {action.why}" if action.why and not action.on else f" {action.why}" if action.why else ""
        self.say(f"{node.name}: {'on' if action.on else 'off'}{why}")
        try:
            await self.board.switch(outlet_of(node), action.on)
        except NodebakeError as error:
            self.say(f"{node.name}: {error.message}")
            startup.failed(node.number, action.on, error.message, _now())
        else:
            startup.switched(node.number, action.on, _now())

    async def _watch_log(
        self, startup: Startup, nodes: Mapping[int, Node], lines: AsyncIterable[str]
    ) -> None:
        faces = Faces.of(nodes.values(), up_at_ack=startup.sequence.up == "dhcp")
        async for line in lines:
            if (sign := faces.sign(line)) is not None:
                self._seen(startup, nodes, *sign)
        raise NodebakeError("the log that was followed has ended", hint="is its file or unit the right one?")

    async def _watch_ssh(self, startup: Startup, nodes: Mapping[int, Node]) -> None:
        await asyncio.gather(*(self._knock(startup, nodes, number) for number in nodes))

    async def _knock(self, startup: Startup, nodes: Mapping[int, Node], number: int) -> None:
        progress = startup.nodes[number]
        while progress.phase not in OVER:
            cycles = progress.cycles
            answer = await self._answer(nodes[number]) if progress.since is not None else None
            # An answer from before a cycle is none.
            if answer is Answer.SSH and progress.cycles == cycles:
                self._seen(startup, nodes, number, Phase.UP)
            await asyncio.sleep(_KNOCK_EVERY)

    async def _answer(self, node: Node) -> Answer:
        reach = self.board.reach
        return await reach.answer(node_machine(self.board.cluster, node))

    def _seen(self, startup: Startup, nodes: Mapping[int, Node], number: int, phase: Phase) -> None:
        if startup.seen(number, phase, _now()):
            progress = startup.nodes[number]
            after = f" after {progress.took:.0f} s" if progress.took and not progress.untouched else ""
            self.say(f"{nodes[number].name}: {phase}{after}")


def _now() -> float:
    return asyncio.get_running_loop().time()
