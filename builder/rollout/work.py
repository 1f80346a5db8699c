# SPDX-License-Identifier: Apache-2.0
"""The work that brings one node to its next stage. Whoever does it again after a kill comes to the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from builder.errors import NodebakeError
from builder.rollout import health
from builder.rollout.course import Task
from builder.rollout.event import Stage
from builder.rollout.field import Field, NodeFailed
from builder.rollout.from_card import FromCard
from builder.rollout.over_network import OverNetwork
from builder.rollout.plan import UP_SECONDS, Plan
from builder.rollout.visit import Visit
from builder.rollout.way import CHECK_SECONDS, Starting, Way


@dataclass(frozen=True)
class Worker:
    """Works at nodes of one plan. `check` is a command of the site's own: a good node ends it with 0.

    `visit` is the flasher as a guest on cards, where the nodes boot from nothing else.
    """

    field: Field
    plan: Plan
    check: str = ""
    up_seconds: float = UP_SECONDS
    visit: Visit | None = None

    @property
    def way(self) -> Way:
        starting = Starting(self.field, self.up_seconds)
        if self.visit:
            return FromCard(self.field, self.plan, starting, self.visit)
        return OverNetwork(self.field, self.plan, starting)

    async def bring(self, task: Task) -> str:
        """Do a task; what there is to tell of it. Raises NodebakeError with what went wrong."""
        way, release, node = self.way, self.plan.release, task.node
        work: Mapping[Stage, Callable[[], Awaitable[str | None]]] = {
            Stage.FLASHER: lambda: way.into_flasher(node),
            Stage.FLASHED: lambda: way.flash(node, release),
            Stage.TRIED: lambda: way.try_it(node, release),
            Stage.HEALTHY: lambda: self._examine(way, node),
            Stage.DONE: lambda: way.arrive(node, release),
            Stage.RESTORED: lambda: way.restore(node),
        }
        return await work[task.stage]() or ""

    async def take_back(self, node: str) -> None:
        """From its card to what it ran before. Raises NodebakeError with what went wrong."""
        await self.way.take_back(node)

    async def _examine(self, way: Way, node: str) -> None:
        # What was tried while nobody looked is over by now.
        await way.try_it(node, self.plan.release)
        told = await self.field.script(node, health.SCRIPT.read_text(encoding="utf-8"), seconds=CHECK_SECONDS)
        faults = list(health.read(told.stdout).faults(self.plan.release))
        if self.check:
            own = await self.field.script(node, f"{self.check}\n", seconds=CHECK_SECONDS)
            if own.code:
                last = (own.stderr or own.stdout).strip().splitlines()[-1:]
                faults.append(f"the site's own check ended with {own.code}: {' '.join(last)}".rstrip(": "))
        if faults:
            raise NodeFailed(f"{node} is not well", facts=faults)


def reason(error: NodebakeError) -> str:
    """An error as one line of the journal."""
    return ": ".join([error.message, *error.facts[:1]])
