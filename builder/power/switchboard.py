# SPDX-License-Identifier: Apache-2.0
"""Everything that can be switched, by the drivers that the inventory names; each is opened at first use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from builder.cluster.cluster import Cluster, Node
from builder.errors import NodebakeError
from builder.fleet.machine import head_machine
from builder.fleet.tunnel import Tunnel
from builder.power.outlet import MAINS, Driver, Outlet, PowerError, State, Tell
from builder.power.reach import Reach
from builder.power.settings import Power
from builder.recipe.strict import Strict

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

_POLL = 0.25  # seconds between two looks at a state that is to change


def outlet_of(node: Node) -> Outlet:
    """What feeds a node."""
    return Outlet(node.number, node.name, node.mac)


@dataclass(frozen=True)
class Asked:
    """The states of outlets by number, and why some are not known."""

    states: Mapping[int, State]
    faults: tuple[NodebakeError, ...] = ()


@dataclass(frozen=True)
class _Opened:
    """A driver, and the connection to the head that leads to it, if one does."""

    driver: Driver
    head: SSHClientConnection | None


@dataclass(frozen=True)
class Switchboard:
    """The drivers of a cluster. Open it with :func:`open_switchboard`."""

    cluster: Cluster
    power: Power
    reach: Reach
    tell: Tell
    _stack: AsyncExitStack
    _open: dict[str, _Opened] = field(default_factory=dict)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def driver(self, name: str) -> Driver:
        """The driver that the inventory calls so; opened again where the way to it was made again."""
        supply = self.power.supplies[name]
        tunnel = self.reach.tunnel if supply.kind.near_head and self.cluster.ssh.through_head else None
        async with self._one:
            head = await tunnel.connection() if tunnel else None
            opened = self._open.get(name)
            if opened is None or opened.head is not head:
                model = await self._forwarded(supply.model, head) if head else supply.model
                driver = await self._stack.enter_async_context(supply.kind.connect(model, self.tell))
                opened = self._open[name] = _Opened(driver, head)
        return opened.driver

    async def ask(self, outlets: Iterable[Outlet]) -> Asked:
        """The states as they are now. Where a driver cannot ask, they are unknown, and it is told why."""
        states: dict[int, State] = {}
        faults: list[NodebakeError] = []
        by_driver: dict[str, list[Outlet]] = {}
        for outlet in outlets:
            states[outlet.number] = State.UNKNOWN
            if name := self._feeds(outlet):
                by_driver.setdefault(name, []).append(outlet)
        for name, those in by_driver.items():
            try:
                states |= await (await self.driver(name)).status(those)
            except NodebakeError as fault:
                faults.append(fault)
        return Asked(states, tuple(faults))

    async def switch(self, outlet: Outlet, on: bool) -> State:
        """Switch, and look until it is so: ON or OFF, or UNKNOWN where nobody can look. Raises PowerError."""
        name = self._feeds(outlet)
        if not name:
            raise PowerError(
                f"nothing in the inventory switches `{outlet.name}`",
                hint="write `power:` there, with a name under `power:` of the file",
            )
        driver = await self.driver(name)
        await (driver.on if on else driver.off)(outlet)
        return await self._confirm(driver, outlet, State.of(on)) if driver.tells_state else State.UNKNOWN

    async def _confirm(self, driver: Driver, outlet: Outlet, wanted: State) -> State:
        clock = asyncio.get_running_loop().time
        until = clock() + self.power.sequence.confirm_within
        while True:
            state = (await driver.status([outlet]))[outlet.number]
            if state is wanted:
                return state
            if clock() >= until:
                raise PowerError(f"`{outlet.name}` was switched {wanted}, and its state is {state}")
            await asyncio.sleep(_POLL)

    async def _forwarded(self, model: Strict, head: SSHClientConnection) -> Strict:
        """Settings whose `url` leads through the head."""
        url = urlsplit(model.model_dump()["url"])
        port = url.port or {"wss": 443}.get(url.scheme, 80)
        listener = await head.forward_local_port("127.0.0.1", 0, url.hostname or "", port)
        self._stack.callback(listener.close)
        near = url._replace(netloc=f"127.0.0.1:{listener.get_port()}")
        return model.model_copy(update={"url": urlunsplit(near)})

    def _feeds(self, outlet: Outlet) -> str:
        """The name of the driver that switches it, or empty."""
        if outlet.number == MAINS:
            return self.cluster.head.power
        node = self.cluster.node(outlet.number)
        return node.power if node else ""


@asynccontextmanager
async def open_switchboard(
    cluster: Cluster, power: Power, reach: Reach, tell: Tell
) -> AsyncIterator[Switchboard]:
    """A switchboard while the body runs, and the way through the head where that is the way."""
    async with AsyncExitStack() as stack:
        tunnel = Tunnel(reach.access, head_machine(cluster), stack)
        reach = replace(reach, tunnel=tunnel)
        yield Switchboard(cluster, power, reach, tell, stack)
