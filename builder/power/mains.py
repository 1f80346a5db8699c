# SPDX-License-Identifier: Apache-2.0
"""The mains of the whole module, which is cut only when the head is proven to be down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from builder.cluster.cluster import Cluster
from builder.errors import LackingError, RefusedError
from builder.fleet.knock import Answer, knock
from builder.fleet.machine import addresses_of_head
from builder.host import awaited
from builder.host.neighbours import neighbours
from builder.host.process import Finished, find
from builder.power.outlet import MAINS, Outlet, PowerError, State
from builder.power.settings import Power
from builder.power.switchboard import Switchboard

_POLL = 0.5
_PING_SECONDS = 2
_ABSENT_SECONDS = 10.0
"""Whom the kernel has just heard in its own network it trusts for five seconds; then it asks three seconds
long who has that address, until it says that nobody has."""


@dataclass(frozen=True)
class Signs:
    """What was found when the head was looked for."""

    alive: tuple[str, ...]
    """Each thing that says it runs."""
    absent: tuple[str, ...]
    """Each address in a network of this machine's own that nobody has there."""
    taken: tuple[str, ...]
    """Each address in a network of this machine's own that somebody has, and answers nothing."""
    silent: tuple[str, ...]
    """Each other address that was asked and did not answer, for whatever reason."""


async def look_for_head(cluster: Cluster, power: Power) -> Signs:
    """Knock at the head's ssh and control plane, and ping it, at each of its addresses."""
    addresses = addresses_of_head(cluster)
    ports = {cluster.ssh.port: "ssh"} | dict.fromkeys(_control_planes(power, addresses), "the control plane")
    seconds = max(cluster.ssh.timeout, _ABSENT_SECONDS)
    knocks = [(address, port, what) for address in addresses for port, what in ports.items()]
    answers = await asyncio.gather(
        *(knock(address, port, seconds, greeting=False) for address, port, _ in knocks)
    )
    told = list(zip(knocks, answers, strict=True))
    alive = [
        f"{at} answers at port {port}, {what}" for (at, port, what), each in told if each is Answer.ALIVE
    ]
    alive += [f"{address} answers ping" async for address in _pinged(addresses)]
    asked = {at: each for (at, *_), each in told if each in (Answer.ABSENT, Answer.SILENT)}
    known = neighbours()
    absent = [at for at, each in asked.items() if each is Answer.ABSENT and known.get(at) is False]
    taken = [at for at in asked if known.get(at)]
    silent = [at for at in asked if at not in (*absent, *taken)]
    return Signs(tuple(alive), tuple(absent), tuple(taken), tuple(silent))


def refuse_while_it_runs(name: str, signs: Signs, *, sent_down: bool = False) -> None:
    """Raise RefusedError unless the head is proven to be down.

    It is when nobody has its address in a network of this machine's own, which no firewall and no router can
    feign. Silence proves it only of one that was `sent_down`: that answered, and took the order to shut down.
    """
    if signs.alive:
        raise RefusedError(
            f"the head `{name}` runs: its power is not cut",
            facts=signs.alive,
            hint="`nodebake power shutdown` shuts down nodes and head first",
        )
    if signs.absent and not signs.taken:
        return
    if sent_down and (signs.absent or signs.taken or signs.silent):
        return
    raise RefusedError(
        f"whether the head `{name}` runs cannot be told from here: its power is not cut",
        facts=[f"{address} answers nothing, but somebody has that address" for address in signs.taken]
        + [f"{address} does not answer: down, or kept from answering" for address in signs.silent]
        or ["none of its addresses could be asked"],
        hint="ask from the head's own network: there it shows that nobody is at an address",
    )


async def require_ping() -> None:
    """Raise LackingError where no ping can be sent from here: nobody's silence would prove anything then."""
    ping = find("ping")
    done = await _ping(str(ping), "127.0.0.1") if ping else None
    if done is None or done.code:
        raise LackingError(
            "without `ping` it cannot be proven that the head is down",
            facts=[f"| {line}" for line in done.stderr.decode(errors="replace").splitlines()[-3:]]
            if done
            else ["it is not installed"],
            hint="apt-get install iputils-ping; where only root may ping: sudo",
        )


@dataclass(frozen=True)
class Mains:
    """What feeds the module."""

    board: Switchboard

    @property
    def outlet(self) -> Outlet:
        """The outlet, called as the inventory calls it. Raises PowerError when there is none."""
        head = self.board.cluster.head
        if not head.power:
            raise PowerError(
                "nothing in the inventory switches the mains",
                hint="write `power:` at the head, with a name under `power:` of the file",
            )
        return Outlet(MAINS, head.power)

    async def state(self) -> State:
        """The state as it is now. Raises PowerError when it cannot be asked."""
        asked = await self.board.ask([self.outlet])
        for fault in asked.faults:
            raise fault
        return asked.states[MAINS]

    async def on(self) -> State:
        """Switch on."""
        return await self.board.switch(self.outlet, on=True)

    async def cut(self, *, sent_down: bool = False) -> State:
        """Cut the power of everything. Raises RefusedError unless the head is proven to be down."""
        outlet, head = self.outlet, self.board.cluster.head.name
        await require_ping()
        signs = await look_for_head(self.board.cluster, self.board.power)
        refuse_while_it_runs(head, signs, sent_down=sent_down)
        return await self.board.switch(outlet, on=False)

    async def wait_for_the_head_to_end(self) -> None:
        """Wait until the head answers nothing at all, or its time is over; then for its disk."""
        try:
            async with asyncio.timeout(self.board.power.sequence.down_within):
                while (await look_for_head(self.board.cluster, self.board.power)).alive:
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return  # whoever cuts the power looks again, and refuses
        await asyncio.sleep(self.board.power.sequence.settle)


def _control_planes(power: Power, addresses: Container[str | None]) -> list[int]:
    """The ports on the head where drivers speak to it."""
    parts = [urlsplit(getattr(supply.model, "url", "")) for supply in power.supplies.values()]
    return [part.port for part in parts if part.hostname in addresses and part.port]


async def _pinged(addresses: Iterable[str]) -> AsyncIterator[str]:
    """Those that answer a ping; none where there is no ping, which `require_ping` tells."""
    ping = find("ping")
    for address in addresses if ping else ():
        if (await _ping(str(ping), address)).code == 0:
            yield address


async def _ping(program: str, address: str) -> Finished:
    words = ["-n", "-c", "1", "-W", str(_PING_SECONDS), address]
    return await awaited.run([program, *words], seconds=_PING_SECONDS + 3)
