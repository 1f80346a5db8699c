# SPDX-License-Identifier: Apache-2.0
"""How one kind of node gets to a system on its card, and back: `over_network`, or `from_card` for boards
that ask no network. Each step may be taken again after a kill, and comes to the same.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from builder.head.node.cmdline import TRIAL
from builder.rollout.field import Field, NodeFailed, NoPower

CHECK_SECONDS = 420
"""What a script on a node may take."""
_POLL = 3.0
BY_ITSELF = "! grep -q 'nodebake\\.trial' /proc/cmdline\n"
"""A script that ends with 0 on a node that has come up to stay."""


class Way(Protocol):
    """The steps of one node. Each raises NodebakeError with what went wrong."""

    async def into_flasher(self, node: str) -> None:
        """Have it run the system that flashes."""

    async def flash(self, node: str, release: str) -> str:
        """Bring its card to a release; what was done."""

    async def try_it(self, node: str, release: str) -> None:
        """Have it run what was flashed."""

    async def arrive(self, node: str, release: str) -> None:
        """It is well: let it stay with its card."""

    async def restore(self, node: str) -> None:
        """It is not well: bring it back to what it ran before."""

    async def take_back(self, node: str) -> None:
        """It had arrived, and is to run again what it ran before."""


@dataclass(frozen=True)
class Starting:
    """Starting nodes again; each gets `seconds` until it answers."""

    field: Field
    seconds: float

    async def into(self, node: str, wanted: str) -> None:
        """Start a node again and wait until it runs what it should. Raises NodeFailed."""
        await self.field.restart(node)
        await self._arrived(node, wanted)

    async def back(self, node: str, wanted: str) -> None:
        """The same for a node that tries a release, and starts by itself when nothing else can start it: when
        its kernel panics, or its time is over.
        """
        if await self.field.let_start(node):
            # Its next start is into what the head has for it now, and without power it would begin anew.
            with suppress(NodeFailed):
                await self._arrived(node, wanted)
                return
        self._is(node, wanted, await self.again(node))

    async def again(self, node: str) -> str:
        """Start a node again that tries a release, and may start by itself alone; what it runs then."""
        seconds = self.seconds
        try:
            await self.field.restart(node)
        except NoPower:
            seconds += TRIAL
        return await self.field.up(node, seconds=seconds)

    async def heard_of(self, node: str, seconds: float) -> str:
        """What a node runs that may not answer for a while; empty when it does not within `seconds`."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while not (runs := await self.field.release_of(node)) and clock() < until:
            await asyncio.sleep(_POLL)
        return runs

    async def by_itself(self, node: str) -> bool:
        """Whether it has come up from its card alone, to stay."""
        return (await self.field.script(node, BY_ITSELF, seconds=CHECK_SECONDS)).code == 0

    async def _arrived(self, node: str, wanted: str) -> None:
        self._is(node, wanted, await self.field.up(node, seconds=self.seconds))

    def _is(self, node: str, wanted: str, runs: str) -> None:
        if runs != wanted:
            raise NodeFailed(
                f"{node} came up with {runs or 'nobody knows what'}", facts=[f"wanted: {wanted}"]
            )

    async def unless_there(self, node: str, wanted: str) -> None:
        """The same, unless it runs that already."""
        if await self.field.release_of(node) != wanted:
            await self.into(node, wanted)
