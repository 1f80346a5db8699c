# SPDX-License-Identifier: Apache-2.0
"""`nodebake power cycle NODES`: off as `power off` does it, a moment without power, and up again."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from builder.cli.fleet.free import refuse_unless_free
from builder.cli.power import off, on
from builder.cli.power.plant import Plant, plant_of
from builder.cluster.cluster import Node
from builder.errors import Exit, NodebakeError
from builder.power.startup import Startup
from builder.power.stop import Stop
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    nodes = plant.nodes(arguments.nodes)
    refuse_unless_free(arguments, nodes, report)
    startup = asyncio.run(_run(plant, nodes, now=arguments.now))
    return on.answer(plant, nodes, startup, as_json=arguments.json)


async def _run(plant: Plant, nodes: Sequence[Node], *, now: bool) -> Startup:
    async with plant.switchboard() as board:
        stopped = await Stop(board, now, plant.report.say).run(nodes)
        if not all(each.done for each in stopped):
            raise NodebakeError(
                "some nodes are not off, so none is switched on again",
                facts=off.lines(plant, [each for each in stopped if not each.done]),
                hint="leave those out, or cut their power at once: `--now`",
            )
        await asyncio.sleep(plant.power.sequence.off_for)
        return await on.start(plant, board, nodes)
