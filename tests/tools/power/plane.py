# SPDX-License-Identifier: Apache-2.0
"""Control planes in a thread, for tests to run programs against: the simulator, and one that is not ours."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from builder.power.simulate.faults import Faults
from builder.power.simulate.plant import Plant
from builder.power.simulate.serve import simulated


@dataclass(frozen=True)
class Plane:
    """A control plane that listens at `url`."""

    url: str
    plant: Plant

    def no_violations(self) -> bool:
        """Whether every client kept to the protocol."""
        return not +self.plant.violations


@contextmanager
def simulator(dead: frozenset[int] = frozenset(), **faults: Any) -> Iterator[Plane]:
    """The simulator, with these faults."""
    chosen = Faults(**{"slow": 0.002, **faults})
    plant = Plant(dead=dead)
    with in_thread(lambda: simulated(plant, chosen)) as url:
        yield Plane(url, plant)


@contextmanager
def in_thread(serve: Callable[[], AbstractAsyncContextManager[str]]) -> Iterator[str]:
    """Serve in a thread while the body runs; yields what `serve` yields."""
    loop = asyncio.new_event_loop()
    started, url, stop = threading.Event(), [""], asyncio.Event()

    async def run() -> None:
        async with serve() as url[0]:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        assert started.wait(10)
        yield url[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@dataclass
class Foreign:
    """A control plane on aiohttp, with frames of its own taste: it keeps what it was told."""

    heard: list[dict[str, Any]] = field(default_factory=list)
    on: set[int] = field(default_factory=set)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen while the body runs; yields the URL."""
        application = web.Application()
        application.router.add_get("/", self._talk)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                said = json.loads(message.data)
                self.heard.append(said)
                await socket.send_str(json.dumps(self._reply(said), indent=1))
        return socket

    def _reply(self, said: dict[str, Any]) -> dict[str, Any]:
        arguments = said["args"]
        if said["command"] == "XPowerRequest":
            (self.on.add if arguments["on"] else self.on.discard)(arguments["id"])
            return {"reply": "power", "seqno": said["seqno"]}
        if said["command"] == "XStatusRequest":
            numbers = [arguments["id"]] if arguments else range(1, 61)
            nodes = [{"id": number, "on": number in self.on, "milliamps": 310} for number in numbers]
            return {"reply": "status", "seqno": said["seqno"], "args": {"nodes": nodes}}
        return {"error": {"status": 3}, "seqno": said["seqno"]}
