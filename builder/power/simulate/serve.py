# SPDX-License-Identifier: Apache-2.0
"""The simulated control plane on a WebSocket: one reply to each command, but for the faults asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from builder.power.simulate.faults import Dice, Fault, Faults
from builder.power.simulate.plant import EARLY, FAULT, Command, Outcome, Plant


@asynccontextmanager
async def simulated(
    plant: Plant, faults: Faults, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """A control plane that listens while the body runs; yields its URL. Port 0 takes a free one."""
    dice = Dice(faults)

    async def talk(socket: ServerConnection) -> None:
        await _Conversation(plant, faults, dice, socket).run()

    async with serve(talk, host, port, ping_interval=None, close_timeout=1, max_size=1 << 16) as server:
        address = next(iter(server.sockets)).getsockname()
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        yield f"ws://{name}:{address[1]}"


class _Conversation:
    """One client's connection."""

    def __init__(self, plant: Plant, faults: Faults, dice: Dice, socket: ServerConnection) -> None:
        self._plant = plant
        self._faults = faults
        self._dice = dice
        self._socket = socket
        self._last = 0
        self._owed: asyncio.Task[None] | None = None
        self._silent = False

    async def run(self) -> None:
        try:
            async for frame in self._socket:
                self._hear(frame)
        except ConnectionClosed:
            pass
        if self._owed and not self._owed.done():
            self._plant.violations["hung-up"] += 1
            self._owed.cancel()

    def _hear(self, frame: str | bytes) -> None:
        early = self._silent or (self._owed is not None and not self._owed.done())
        read = self._plant.read(frame, self._last)
        seqno = None
        if isinstance(read, Command):
            seqno, self._last = read.seqno, max(self._last, read.seqno or 0)
        if early:
            self._plant.violations["early"] += 1
        fault = self._dice.next() if isinstance(read, Command) and not early else ""
        if fault:
            self._plant.faults[fault] += 1
        # The relay moves at once; the reply takes its time.
        outcome = self._outcome(read, early, fault)
        self._silent = fault.startswith("silent")
        if self._silent:
            return
        name = read.name if isinstance(read, Command) else ""
        self._owed = asyncio.create_task(self._reply(seqno, name, outcome, fault, after=self._owed))

    def _outcome(self, read: Command | Outcome, early: bool, fault: Fault) -> Outcome:
        if isinstance(read, Outcome):
            return read
        if early:
            return Outcome(status=EARLY)
        if fault in ("error", "silent undone"):
            return Outcome(status=FAULT, index=read.arguments.get("id"))
        return self._plant.obey(read)

    async def _reply(
        self, seqno: int | None, name: str, outcome: Outcome, fault: Fault, after: asyncio.Task[None] | None
    ) -> None:
        if after is not None:
            await after
        await asyncio.sleep(self._faults.slow)
        try:
            if fault == "dropped":
                self._socket.transport.abort()
            else:
                await self._socket.send(_frame(seqno, name, outcome, fault))
        except ConnectionClosed:
            self._plant.violations["hung-up"] += 1


def _frame(seqno: int | None, name: str, outcome: Outcome, fault: Fault) -> str:
    """A reply as text, spoilt as `fault` says."""
    if fault == "json":
        return '{"target":"bladerunner","seqno":'
    arguments: dict[str, Any] = dict(outcome.arguments)
    if fault == "id" and "id" in arguments:
        arguments["id"] += 1
    if fault == "on" and "on" in arguments:
        arguments["on"] = not arguments["on"]
    reply: dict[str, Any] = {"target": "bladerunner", "reply": name, "args": arguments}
    if outcome.status:
        index = {} if outcome.index is None else {"index": outcome.index}
        reply |= {"reply": "error", "args": {**index, "status": outcome.status}}
    if seqno is not None:
        reply["seqno"] = seqno + 1000 if fault == "seqno" else seqno
    return json.dumps(reply)
