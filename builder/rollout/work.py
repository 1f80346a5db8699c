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
from builder.rollout.plan import Plan

UP_SECONDS = 420
"""From a restart until a node answers: three times what a Pi 3 takes for a netboot of 70 MB."""
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
            Stage.FLASHED: self._flash,
            Stage.TRIED: self._try,
            Stage.HEALTHY: self._examine,
            Stage.DONE: self._earn,
            Stage.RESTORED: self._restore,
        }
        return await work[task.stage](task.node)

    async def _into_flasher(self, node: str) -> str:
        await self.field.assign(node, self.plan.flasher)
        if await self.field.release_of(node) != self.plan.flasher:
            await self._hold(node)
            await self._started(node, self.plan.flasher)
        return ""

    async def _flash(self, node: str) -> str:
        return await self.field.flash(node, self.plan.release)

    async def _try(self, node: str) -> str:
        await self.field.assign(node, self.plan.release)
        if await self.field.release_of(node) != self.plan.release:
            await self._started(node, self.plan.release)
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

    async def _earn(self, node: str) -> str:
        earned = await self.field.script(node, EARN, seconds=CHECK_SECONDS)
        if earned.code:
            raise NodeFailed(f"{node}'s card cannot be made to boot", facts=earned.stderr.splitlines()[-3:])
        await self._started(node, self.plan.release)
        own = await self.field.script(node, _BY_ITSELF, seconds=CHECK_SECONDS)
        if own.code:
            raise NodeFailed(f"{node} does not boot from its card by itself")
        await self.field.settle(node, passed=True)
        return ""

    async def _restore(self, node: str) -> str:
        await self.field.settle(node, passed=False)
        former = self.plan.former.get(node, "")
        if not former:
            raise NodeFailed(f"{node} ran nothing before that it could go back to")
        if await self.field.release_of(node) != former:
            # A node that does not answer cannot be told, and may come up all the same.
            with suppress(NodebakeError):
                await self._hold(node)
            await self._started(node, former)
        return ""

    async def take_back(self, node: str) -> None:
        """From its card to what it ran before. Raises NodebakeError with what went wrong."""
        former = self.plan.former.get(node, "")
        if await self.field.release_of(node) == former:
            return
        await self._hold(node)
        await self.field.leave(node)
        await self._started(node, former)

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
