# SPDX-License-Identifier: Apache-2.0
"""The way of nodes that boot over the network: the head lets them boot the flasher, then try their card."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from builder.errors import NodebakeError
from builder.rollout.field import Field, NodeFailed
from builder.rollout.plan import Plan
from builder.rollout.way import CHECK_SECONDS, Starting

# The card boots by itself from now on, and the node is to stay as it is until it is told to start again.
EARN = "set -e\n/usr/lib/nodebake/card earn\nsystemctl stop nodebake-trial.service\n"
# A card that boots by itself keeps its node from the network.
HOLD = "[ ! -x /usr/lib/nodebake/card ] || /usr/lib/nodebake/card hold\n"


@dataclass(frozen=True)
class OverNetwork:
    """A Way."""

    field: Field
    plan: Plan
    starting: Starting

    async def into_flasher(self, node: str) -> None:
        await self.field.assign(node, self.plan.flasher)
        if await self.field.release_of(node) != self.plan.flasher:
            await self._hold(node)
            await self.starting.into(node, self.plan.flasher)

    async def flash(self, node: str, release: str) -> str:
        return await self.field.flash(node, release)

    async def try_it(self, node: str, release: str) -> None:
        await self.field.assign(node, release)
        await self.starting.unless_there(node, release)

    async def arrive(self, node: str, release: str) -> None:
        earned = await self.field.script(node, EARN, seconds=CHECK_SECONDS)
        if earned.code:
            raise NodeFailed(f"{node}'s card cannot be made to boot", facts=earned.stderr.splitlines()[-3:])
        await self.starting.into(node, release)
        if not await self.starting.by_itself(node):
            raise NodeFailed(f"{node} does not boot from its card by itself")
        await self.field.settle(node, passed=True)

    async def restore(self, node: str) -> None:
        former = self.plan.former.get(node, "")
        if node in self.plan.cards:
            await self._onto_card_again(node, former)
            return
        await self.field.settle(node, passed=False)
        if not former:
            raise NodeFailed(f"{node} ran nothing before that it could go back to")
        await self._led_to(node, former)

    async def take_back(self, node: str) -> None:
        former = self.plan.former.get(node, "")
        if node in self.plan.cards:
            await self._onto_card_again(node, former)
        elif await self.field.release_of(node) != former:
            await self._hold(node)
            await self.field.leave(node)
            await self.starting.into(node, former)

    async def _onto_card_again(self, node: str, former: str) -> None:
        """What a node had on its card before is written there again, unless it never left it."""
        if await self.field.release_of(node) == former and await self.starting.by_itself(node):
            # Whoever is to be flashed is said to run from its card no longer.
            await self.field.assign(node, former)
            await self.field.settle(node, passed=True)
            return
        await self.field.assign(node, self.plan.flasher)
        await self._led_to(node, self.plan.flasher)
        await self.field.flash(node, former)
        await self.try_it(node, former)
        await self.arrive(node, former)

    async def _led_to(self, node: str, release: str) -> None:
        """Into what the head has for it now, also a node that says nothing."""
        if await self.field.release_of(node) != release:
            # A node that does not answer cannot be told, and may come up all the same.
            with suppress(NodebakeError):
                await self._hold(node)
            await self.starting.back(node, release)

    async def _hold(self, node: str) -> None:
        held = await self.field.script(node, HOLD, seconds=CHECK_SECONDS)
        if held.code:
            raise NodeFailed(f"{node}'s card goes on booting by itself", facts=held.stderr.splitlines()[-3:])
