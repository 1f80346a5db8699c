# SPDX-License-Identifier: Apache-2.0
"""One place after another gets its power, and the log is read meanwhile; each is left as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from builder.cluster.cluster import Node
from builder.cluster.discovery import Ear, Finding, finding
from builder.errors import NodebakeError
from builder.head.upkeep.dnsmasq_log import event
from builder.power.outlet import Outlet, PowerError, State, Tell
from builder.power.switchboard import Switchboard, outlet_of

SERIAL = 15.0  # seconds that a board which has asked may take to show its serial number


@dataclass(frozen=True)
class Discovery:
    """`wait` is the seconds that a board may take from its power to its first question."""

    board: Switchboard
    say: Tell
    wait: float
    _lines: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    """What was logged and not yet read; None at its end."""

    async def run(self, nodes: Iterable[Node], cut: frozenset[int], log: AsyncIterable[str]) -> list[Finding]:
        """What is found in the places of `nodes`. Those in `cut` may be cycled when they are on."""
        found = []
        async with self._following(log):
            every = self.board.cluster.nodes
            states = (await self.board.ask(outlet_of(node) for node in every)).states
            known = {node.mac for node in every if node.mac and states[node.number] is not State.OFF}
            for node in nodes:
                found.append(await self._place(node, node.number in cut, frozenset(known - {node.mac})))
                if found[-1].mac and states[node.number] is not State.OFF:
                    known.add(found[-1].mac)
        return found

    async def _place(self, node: Node, may_cut: bool, known: frozenset[str]) -> Finding:
        outlet = outlet_of(node)
        try:
            state = (await self.board.ask([outlet])).states[node.number]
            if state is not State.OFF and not may_cut:
                return Finding(node, why=f"its power is {state}: left alone")
            ear = Ear(known)
            async with self._powered(outlet, was=state):
                self.say(f"{node.name}: on")
                await self._listen(ear)
        except PowerError as error:
            return Finding(node, why=error.message)
        return finding(node, ear.asked, self.wait)

    @asynccontextmanager
    async def _powered(self, outlet: Outlet, was: State) -> AsyncIterator[None]:
        """The place with fresh power. Afterwards it is as it was, whatever happens."""
        before = on = was is not State.OFF
        try:
            if on:
                on = False
                await self.board.switch(outlet, False)
                await asyncio.sleep(self.board.power.sequence.off_for)
            while self._lines.qsize():
                _there(self._lines.get_nowait())  # what was logged before is of no place
            on = True
            await self.board.switch(outlet, True)
            yield
        finally:
            if on != before:
                await self.board.switch(outlet, before)

    async def _listen(self, ear: Ear) -> None:
        """Until everything is known, or it is too late for that."""
        clock, heard = asyncio.get_running_loop().time, False
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait) as limit:
                while not ear.content():
                    if (told := event(_there(await self._lines.get()))) is not None:
                        ear.hear(told)
                    if ear.asked and not heard:
                        heard = True
                        limit.reschedule(clock() + min(SERIAL, self.wait))

    @asynccontextmanager
    async def _following(self, log: AsyncIterable[str]) -> AsyncIterator[None]:
        """Lines of the log wait in a queue while the body runs."""

        async def follow() -> None:
            try:
                async for line in log:
                    self._lines.put_nowait(line)
            finally:
                self._lines.put_nowait(None)

        task = asyncio.create_task(follow())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _there(line: str | None) -> str:
    """The line, which must not be the end of the log."""
    if line is None:
        raise NodebakeError("dnsmasq's log has ended", hint="is it the right file or unit?")
    return line
