# SPDX-License-Identifier: Apache-2.0
"""The work that brings one node to its next stage. Whoever does it again after a kill comes to the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from builder.errors import NodebakeError
from builder.rollout import health
from builder.rollout.course import Task
from builder.rollout.event import Stage
from builder.rollout.field import Field, NodeFailed
from builder.rollout.plan import UP_SECONDS, Plan

CHECK_SECONDS = 420
# The card boots by itself from now on, and the node is to stay as it is until it is told to start again.
EARN = "set -e\n/usr/lib/nodebake/card earn\nsystemctl stop nodebake-trial.service\n"
# A card that boots by itself keeps its node from the network.
HOLD = "[ ! -x /usr/lib/nodebake/card ] || /usr/lib/nodebake/card hold\n"
_BY_ITSELF = "! grep -q 'nodebake\\.trial' /proc/cmdline\n"


@dataclass(frozen=True)
class Worker:
    """Works at nodes of one plan. `check` is a command of the site's own: a good node ends it with 0."""

    field: Field
    plan: Plan
    check: str = ""
    up_seconds: float = UP_SECONDS

    async def bring(self, task: Task) -> str:
        """Do a task; what there is to tell of it. Raises NodebakeError with what went wrong."""
        work: Mapping[Stage, Callable[[str], Awaitable[str]]] = {
            Stage.FLASHER: self._into_flasher,
            Stage.FLASHED: lambda node: self.field.flash(node, self.plan.release),
            Stage.TRIED: lambda node: self._try(node, self.plan.release),
            Stage.HEALTHY: self._examine,
            Stage.DONE: lambda node: self._earn(node, self.plan.release),
            Stage.RESTORED: self._restore,
        }
        return await work[task.stage](task.node)

    async def _into_flasher(self, node: str) -> str:
        await self.field.assign(node, self.plan.flasher)
        if await self.field.release_of(node) != self.plan.flasher:
            await self._hold(node)
            await self._started(node, self.plan.flasher)
        return ""

    async def _try(self, node: str, release: str) -> str:
        await self.field.assign(node, release)
        if await self.field.release_of(node) != release:
            await self._started(node, release)
        return ""

    async def _examine(self, node: str) -> str:
        told = await self.field.script(node, health.SCRIPT.read_text(encoding="utf-8"), seconds=CHECK_SECONDS)
        faults = list(health.read(told.stdout).faults(self.plan.release))
        if self.check:
            own = await self.field.script(node, f"{self.check}\n", seconds=CHECK_SECONDS)
            if own.code:
                last = (own.stderr or own.stdout).strip().splitlines()[-1:]
                faults.append(f"the site's own check ended with {own.code}: {' '.join(last)}".rstrip(": "))
        if faults:
            raise NodeFailed(f"{node} is not well", facts=faults)
        return ""

    async def _earn(self, node: str, release: str) -> str:
        earned = await self.field.script(node, EARN, seconds=CHECK_SECONDS)
        if earned.code:
            raise NodeFailed(f"{node}'s card cannot be made to boot", facts=earned.stderr.splitlines()[-3:])
        await self._started(node, release)
        if not await self._by_itself(node):
            raise NodeFailed(f"{node} does not boot from its card by itself")
        await self.field.settle(node, passed=True)
        return ""

    async def _restore(self, node: str) -> str:
        former = self.plan.former.get(node, "")
        if node in self.plan.cards:
            await self._onto_card_again(node, former)
            return ""
        await self.field.settle(node, passed=False)
        if not former:
            raise NodeFailed(f"{node} ran nothing before that it could go back to")
        await self._led_to(node, former)
        return ""

    async def take_back(self, node: str) -> None:
        """From its card to what it ran before. Raises NodebakeError with what went wrong."""
        former = self.plan.former.get(node, "")
        if node in self.plan.cards:
            await self._onto_card_again(node, former)
        elif await self.field.release_of(node) != former:
            await self._hold(node)
            await self.field.leave(node)
            await self._started(node, former)

    async def _onto_card_again(self, node: str, former: str) -> None:
        """What a node had on its card before is written there again, unless it never left it."""
        if await self.field.release_of(node) == former and await self._by_itself(node):
            # Whoever is to be flashed is said to run from its card no longer.
            await self.field.assign(node, former)
            await self.field.settle(node, passed=True)
            return
        await self.field.assign(node, self.plan.flasher)
        await self._led_to(node, self.plan.flasher)
        await self.field.flash(node, former)
        await self._try(node, former)
        await self._earn(node, former)

    async def _led_to(self, node: str, release: str) -> None:
        """Into what the head has for it now, also a node that says nothing."""
        if await self.field.release_of(node) != release:
            # A node that does not answer cannot be told, and may come up all the same.
            with suppress(NodebakeError):
                await self._hold(node)
            await self._started(node, release)

    async def _by_itself(self, node: str) -> bool:
        """Whether it has come up from its card alone."""
        return (await self.field.script(node, _BY_ITSELF, seconds=CHECK_SECONDS)).code == 0

    async def _hold(self, node: str) -> None:
        held = await self.field.script(node, HOLD, seconds=CHECK_SECONDS)
        if held.code:
            raise NodeFailed(f"{node}'s card goes on booting by itself", facts=held.stderr.splitlines()[-3:])

    async def _started(self, node: str, wanted: str) -> None:
        """Start a node again and wait until it runs what it should."""
        await self.field.restart(node)
        runs = await self.field.up(node, seconds=self.up_seconds)
        if runs != wanted:
            raise NodeFailed(
                f"{node} came up with {runs or 'nobody knows what'}", facts=[f"wanted: {wanted}"]
            )


def reason(error: NodebakeError) -> str:
    """An error as one line of the journal."""
    return ": ".join([error.message, *error.facts[:1]])
