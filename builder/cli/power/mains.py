# SPDX-License-Identifier: Apache-2.0
"""`nodebake power mains on|off|status`: what feeds the whole module. It is not cut while the head runs."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from builder.cli.power.plant import Plant, plant_of
from builder.errors import Exit
from builder.power.mains import Mains
from builder.power.outlet import State
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    before, after = asyncio.run(_run(plant, arguments.action))
    if arguments.json:
        report.json({"mains": plant.cluster.head.power, "before": str(before), "state": str(after)})
    else:
        already = " already" if arguments.action == str(before) else ""
        report.data(f"{plant.cluster.head.power}: {after}{already}")
    return Exit.DONE


async def _run(plant: Plant, action: str) -> tuple[State, State]:
    """The states before and after."""
    async with plant.switchboard() as board:
        mains = Mains(board)
        before = await mains.state()
        if action in ("status", str(before)):
            return before, before
        return before, await (mains.on() if action == "on" else mains.cut())
