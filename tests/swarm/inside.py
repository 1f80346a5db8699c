# SPDX-License-Identifier: Apache-2.0
"""Runs in network, mount and process namespaces of its own: flashes nodes there, and tells how it went.

One argument: what is wanted, as JSON (`Wish`). One line of JSON on stdout: `Told`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from builder.errors import NodebakeError
from builder.flash.pack import packed
from builder.fleet.gather import fleet
from builder.rollout.orders import Wish as Allowed
from builder.rollout.orders import order
from builder.rollout.plan import Asked
from builder.rollout.site import Site
from tests.swarm.release import make
from tests.swarm.world import World, serving, within, world

MIB = 1 << 20


@dataclass(frozen=True)
class Wish:
    """`size` is the image's in MiB, `rate` that of cards in bytes a second, 0 for none, `slow` the Mbit/s of
    nodes on worse wires; `dies` is the number of the node that dies `after` seconds; `head_gone` are seconds
    for which the head's program is away then.
    """

    folder: str
    nodes: int
    size: int = 64
    mbit: int = 100
    rate: int = 15 * MIB
    like: str = "system"
    swarm: bool = True
    slow: dict[str, int] = field(default_factory=dict)
    dies: int = 0
    head_gone: float = 0.0
    after: float = 2.0


@dataclass(frozen=True)
class Told:
    """By node: seconds from the order until its card was read back, receipts, and what went wrong."""

    seconds: dict[str, float]
    receipts: dict[str, dict[str, Any]]
    faults: dict[str, str]
    memory: int
    """The most that what flashes a card had on any of them, in bytes."""
    same: list[str]
    """The nodes whose cards have what they are to have."""


def main(wish: Wish) -> Told:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    Path("/run/sshd").mkdir()
    folder = Path(wish.folder)
    release = make(folder / "releases", wish.size * MIB, wish.like)
    slow, size = wish.slow, (wish.size + 4) * MIB
    with world(
        folder / "world", release.signers, wish.nodes, size, mbit=wish.mbit, slow=slow, rate=wish.rate
    ) as here:
        within(here)
        told = asyncio.run(_flash(wish, here, release.label, folder / "releases"))
        same = [name for name, node in here.nodes.items() if release.is_on(node.folder / "card.img")]
    return Told(*told, same)


async def _flash(
    wish: Wish, here: World, label: str, releases: Path
) -> tuple[dict[str, float], dict[str, dict[str, Any]], dict[str, str], int]:
    seconds: dict[str, float] = {}
    receipts: dict[str, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    head = serving(releases)
    url = head.__enter__()
    machines = {name: here.machine(name) for name in here.nodes}
    async with fleet(here.access, next(iter(machines.values()))) as opened:

        def ordered(node: str, release: str, source: str) -> dict[str, Any]:
            return order(node, "pi3b", release, source, Allowed(Asked(take_card=True)), swarm=wish.swarm)

        site = Site(opened, machines, {}, lambda *_: None, None, ordered, packed(), url)
        await asyncio.gather(*(site.script(name, "true", seconds=30) for name in machines))
        began = time.monotonic()

        async def one(name: str) -> None:
            try:
                receipts[name] = json.loads(await site.flash(name, label))
                seconds[name] = round(time.monotonic() - began, 2)
            except NodebakeError as error:
                faults[name] = ": ".join([error.message, *error.facts])

        most = asyncio.create_task(_most())
        work = {name: asyncio.create_task(one(name)) for name in machines}
        if wish.dies:
            await asyncio.sleep(wish.after)
            dead = f"node{wish.dies:02}"
            here.nodes[dead].die()
            faults[dead] = "died"
            others = [task for name, task in work.items() if name != dead]
            await asyncio.gather(*others)
            work[dead].cancel()
        if wish.head_gone:
            await asyncio.sleep(wish.after)
            head.__exit__(None, None, None)
            await asyncio.sleep(wish.head_gone)
            head = serving(releases)
            head.__enter__()
        await asyncio.gather(*work.values(), return_exceptions=True)
        most.cancel()
    head.__exit__(None, None, None)
    return seconds, receipts, faults, await most


async def _most() -> int:
    """The most memory that a flasher had, as long as it is looked at."""
    most = 0
    with suppress(asyncio.CancelledError):
        while True:
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError, StopIteration):
                    if b"agent.pyz\0" in (process / "cmdline").read_bytes():
                        lines = (process / "status").read_text().splitlines()
                        held = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
                        most = max(most, held * 1024)
            await asyncio.sleep(1)
    return most


if __name__ == "__main__":
    print(json.dumps(asdict(main(Wish(**json.loads(sys.argv[1]))))))
