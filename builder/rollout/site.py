# SPDX-License-Identifier: Apache-2.0
"""The field as it is: nodes over ssh, the head by nodebake-head, power by the drivers of the inventory."""

from __future__ import annotations

import asyncio
import base64
import json
import shlex
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from builder.cluster.cluster import Node
from builder.errors import NodebakeError
from builder.fleet.gather import Fleet, Heard
from builder.fleet.machine import Machine
from builder.fleet.order import Order, Outcome
from builder.power.switchboard import Switchboard, outlet_of
from builder.rollout.field import Ended, NodeFailed, NoPower
from builder.rollout.starts import ENOUGH, Starts

MINUTES = 60
"""How long the head lets a node boot what it is flashed from, or tries, without a word from us."""
FLASH_SECONDS = 3600
_WHO = "cat /proc/sys/kernel/random/boot_id\ncat /etc/nodebake/release\n"
_SHORT = 20
POLL = 3.0
"""Seconds between two looks at a node that is starting."""
_OFF_FOR = 5
_IN_USE = "has to wait: the head is in use"
_HEAD_PATIENCE = 60
_PLACE = "/run/nodebake-flash"
_OTHER_PATIENCE = 180
"""Seconds until a flasher that nobody listens to has ended: the head is asked for 120 at most."""

Progress = Callable[[str, str, int, int], None]
"""Told of a node that is flashed: its name, the phase, and bytes of all bytes, at most twice a second."""

Call = Callable[..., Any]
"""A verb of nodebake-head with its words; its answer. Takes its time."""


@dataclass
class Site:
    """A Field. `orders` are the flash orders by node, release and URL, `agent` is the program that carries
    one out there. `url` is what releases are served behind; where it is one of this machine's own, they are
    `relayed`, by each node's connection.

    `board` switches power; None where nothing in the inventory does.
    """

    fleet: Fleet
    machines: Mapping[str, Machine]
    nodes: Mapping[str, Node]
    call: Call
    board: Switchboard | None
    orders: Callable[[str, str, str], dict[str, Any]]
    agent: bytes
    url: str
    relayed: bool = False
    progress: Progress = lambda *_: None
    _booted: dict[str, str] = field(default_factory=dict)
    _head: asyncio.Lock = field(default_factory=asyncio.Lock)
    _starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        self._starts = Starts(self._ask)

    async def assign(self, node: str, release: str) -> None:
        assigned = await self._ask("assign", release, "--nodes", node, "--minutes", str(MINUTES))
        self._starts.count_from(assigned)

    async def settle(self, node: str, *, passed: bool) -> None:
        await self._ask("settle", "passed" if passed else "failed", "--nodes", node)

    async def leave(self, node: str) -> None:
        await self._ask("settle", "left", "--nodes", node)

    async def release_of(self, node: str) -> str:
        return (await self._who(node))[1]

    async def restart(self, node: str) -> None:
        self._booted[node] = (await self._who(node))[0]
        await self._starts.mark(node)
        if self._booted[node]:
            script = Order.script("systemctl --no-block reboot\n", within=_SHORT, sudo=True)
            outcome = await self.fleet.run(self.machines[node], script)
            # A node that goes down may take the connection with it before it has said so.
            if outcome.well or outcome.exit is None:
                return
        await self._cycle(node)

    async def let_start(self, node: str) -> bool:
        if await self._starts.of(node) < ENOUGH:
            return False
        self._booted[node] = ""
        await self._starts.mark(node)
        return True

    async def up(self, node: str, *, seconds: float) -> str:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        last = ""
        while clock() < until:
            boot, release, last = await self._who(node)
            if boot and boot != self._booted.get(node):
                return release
            if (starts := await self._starts.of(node)) >= ENOUGH:
                raise NodeFailed(
                    f"{node} does not stay up",
                    facts=[f"it has fetched its kernel {starts} times, and never answered: {last}"],
                    hint=f"what its kernel told the head: nodebake logs --kernel {node}",
                )
            await asyncio.sleep(POLL)
        raise NodeFailed(
            f"{node} has not come up within {seconds:.0f} s",
            facts=[last or "it answers, and has not started again"],
            hint=f"what it told the head last: nodebake logs {node}",
        )

    async def script(self, node: str, text: str, *, seconds: float) -> Ended:
        return await self._script(node, text, seconds)

    async def _script(self, node: str, text: str, seconds: float, heard: Heard | None = None) -> Ended:
        return await self._ended(node, Order.script(text, within=seconds, sudo=True), heard)

    async def _ended(self, node: str, order: Order, heard: Heard | None = None) -> Ended:
        outcome = await self.fleet.run(self.machines[node], order, heard)
        if outcome.exit is None:
            raise NodeFailed(f"{node}: {outcome.why}", facts=_last(outcome), hint=outcome.hint)
        return Ended(outcome.exit, outcome.stdout, outcome.stderr)

    async def bring(self, node: str, file: Path, text: str, *words: str, seconds: float) -> Ended:
        command = shlex.join(["sudo", "-n", "sh", "-c", f"{_not_in_the_past()}{text}", "sh", *words])
        return await self._ended(node, Order(command, within=seconds, stdin_file=file))

    async def flash(self, node: str, release: str, then: str = "") -> str:
        async with self._way_to(node) as url:
            text = _carry(self.agent, self.orders(node, release, url), then)
            said = await self._script(node, text, FLASH_SECONDS, lambda line: self._heard(node, line))
        events = list(_events(said.stdout))
        wrong = next((each for each in events if each.get("event") == "error"), None)
        if wrong:
            facts = wrong.get("facts")
            raise NodeFailed(
                str(wrong.get("message") or "what flashes its card failed, and told no reason"),
                facts=map(str, facts) if isinstance(facts, list) else (),
                hint=wrong.get("hint"),
            )
        receipt = next((each for each in reversed(events) if each.get("event") == "receipt"), None)
        if said.code or receipt is None:
            raise NodeFailed(
                f"{node}: what flashes its card ended with {said.code}", facts=said.stderr.splitlines()[-3:]
            )
        return json.dumps(receipt, sort_keys=True)

    @asynccontextmanager
    async def _way_to(self, node: str) -> AsyncIterator[str]:
        """The URL by which a node finds what is served, while the body runs. Raises NodeFailed."""
        if not self.relayed:
            yield self.url
            return
        try:
            async with self.fleet.lent(self.machines[node], urlsplit(self.url).port or 0) as port:
                yield f"http://127.0.0.1:{port}"
        except OSError as error:
            raise NodeFailed(f"{node} does not answer: {error}") from error

    def _heard(self, node: str, line: str) -> None:
        """Pass on what the program that flashes says of its progress."""
        for event in _events(line):
            done, total = event.get("done"), event.get("total")
            if event.get("event") == "progress" and isinstance(done, int) and isinstance(total, int):
                self.progress(node, str(event.get("phase")), done, total)

    async def _who(self, node: str) -> tuple[str, str, str]:
        """Which boot of the node answers, and what it runs; both empty when none does, and why that is."""
        outcome = await self.fleet.run(self.machines[node], Order.script(_WHO, within=_SHORT))
        lines = [*outcome.stdout.split(), "", ""]
        return (lines[0], lines[1], "") if outcome.exit is not None else ("", "", outcome.why)

    async def _cycle(self, node: str) -> None:
        """Cut the node's power, and give it again."""
        if self.board is None or not self.nodes[node].power:
            raise NoPower(
                f"{node} does not answer, and nothing in the inventory switches its power",
                hint="`power:` in cluster.yaml; or restart it by hand, then go on: nodebake rollout resume",
            )
        off = False
        try:
            await self.board.switch(outlet_of(self.nodes[node]), on=False)
            off = True
            try:
                await asyncio.sleep(_OFF_FOR)
            finally:
                # Also when we are interrupted: nobody would look for a node without power.
                await self.board.switch(outlet_of(self.nodes[node]), on=True)
        except NodebakeError as error:
            facts = [*(["it may be without power now"] if off else []), *error.facts]
            hint = f"nodebake power on {node}" if off else error.hint
            raise NodeFailed(f"{node}: {error.message}", facts=facts, hint=hint) from error

    async def _ask(self, *words: str) -> Any:
        """A verb of the head's: one at a time, and again when somebody else is at work there."""
        clock = asyncio.get_running_loop().time
        until = clock() + _HEAD_PATIENCE
        async with self._head:
            while True:
                try:
                    return await asyncio.to_thread(self.call, *words)
                except NodebakeError as error:
                    if _IN_USE not in error.message or clock() > until:
                        raise
                await asyncio.sleep(1)


def _carry(agent: bytes, order: Mapping[str, Any], then: str = "") -> str:
    """A script that brings agent and order to memory of a node, and runs the one on the other, and `then`."""
    return (
        # One that was given up may wait for the head yet: it ends, and clears up, when it has a word to say.
        f"set -eu\numask 077\nexec 9>{_PLACE}.lock\n"
        f"flock -w {_OTHER_PATIENCE} 9 || {{ echo 'another flasher is at work here' >&2; exit 1; }}\n"
        f"trap 'rm -rf {_PLACE}' EXIT\nmkdir -p {_PLACE}\n"
        f"{_not_in_the_past()}"
        # What brings a forgotten node back begins to count anew.
        "systemctl try-restart nodebake-trial.service\n"
        f"base64 -d >{_PLACE}/agent.pyz <<'NODEBAKE'\n{base64.encodebytes(agent).decode()}NODEBAKE\n"
        f"cat >{_PLACE}/order.json <<'NODEBAKE'\n{json.dumps(order)}\nNODEBAKE\n"
        # What is as large as a block is given back at once: a node has little memory.
        "export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536\n"
        f"python3 -I {_PLACE}/agent.pyz {_PLACE}/order.json\n"
        # It has traps of its own, and its turn is this one.
        f"(\nNODEBAKE_LOCKED=yes\n{then})\n"
    )


def _not_in_the_past() -> str:
    """A line that sets a clock forward: a board without one of its own starts at the day when its system was
    baked, and takes a key for one of the future that was made since, until it has asked for the time.
    """
    now = int(time.time())
    return f'[ "$(date +%s)" -ge {now} ] || date --set @{now} >/dev/null\n'


def _events(stdout: str) -> list[dict[str, Any]]:
    found = []
    for line in stdout.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def _last(outcome: Outcome) -> Sequence[str]:
    return outcome.stderr.splitlines()[-3:]
