# SPDX-License-Identifier: Apache-2.0
"""Rounds of orders over nodes, of which each goes on with those that the one before went well on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.fleet.gather import Fleet
from builder.fleet.machine import Machine
from builder.fleet.order import Order, Outcome


@dataclass
class Rounds:
    """The last outcome of each machine, in their order; who failed once is left alone from then on."""

    fleet: Fleet
    machines: list[Machine]
    last: dict[str, Outcome] = field(default_factory=dict)

    @property
    def well(self) -> list[Machine]:
        """Those that nothing has failed on."""
        return [each for each in self.machines if each.name not in self.last or self.last[each.name].well]

    @property
    def outcomes(self) -> list[Outcome]:
        return [self.last[each.name] for each in self.machines]

    async def round(
        self, order: Order, among: Iterable[Machine] | None = None, *, at_once: int | None = None
    ) -> list[Outcome]:
        """The order on those that are well, `among` some of them."""
        names = {each.name for each in (self.machines if among is None else among)}
        found = await self.fleet.gather(
            [each for each in self.well if each.name in names], order, at_once=at_once
        )
        self.last |= {each.name: each for each in found}
        return found
