# SPDX-License-Identifier: Apache-2.0
"""One build: what is to be made, by which lock, on which machine, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.archive.hosts import Mirror
from builder.build.deliver import Delivery
from builder.build.workshop import Workshop
from builder.lock.lock import Lock, Locked
from builder.plan.plan import Made, Plan
from builder.plan.step import Step
from builder.report.report import Report


@dataclass(frozen=True)
class Job:
    """A plan and all that carrying it out needs; `deliveries` is where each output goes."""

    plan: Plan
    lock: Lock
    workshop: Workshop
    mirrors: Mapping[str, Mirror]
    deliveries: Mapping[Made, Delivery]
    project: Path
    report: Report
    former: str = ""
    """The placement that the lock names, as text; empty for the first release."""

    @property
    def tools(self) -> tuple[Locked, ...]:
        """The packages of the helper."""
        return self.lock.helpers[self.workshop.machine]

    @property
    def total(self) -> int:
        """How many things there are to tell about."""
        return len(self.plan.steps) + len(self.deliveries)

    def undelivered(self) -> dict[Made, Delivery]:
        """The outputs that are not there yet."""
        return {made: place for made, place in self.deliveries.items() if not place.is_there()}

    def lacking(self) -> list[Step]:
        """The steps that the store lacks."""
        return [step for step in self.plan.steps if not self.workshop.store.has(step.id)]
