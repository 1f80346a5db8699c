# SPDX-License-Identifier: Apache-2.0
"""`nodebake power off NODES`: shut nodes down over ssh, then cut their power."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence

from builder.cli.fleet.free import refuse_unless_free
from builder.cli.power.plant import Plant, as_json, plant_of
from builder.cluster.cluster import Node
from builder.errors import Exit
from builder.power.stop import Stop, Stopped
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    nodes = plant.nodes(arguments.nodes)
    refuse_unless_free(arguments, nodes, report)
    stopped = asyncio.run(_run(plant, nodes, now=arguments.now))
    if arguments.json:
        report.json(
            {"nodes": [as_json(each.node, each.state, how=each.how, off=each.done) for each in stopped]}
        )
    else:
        report.data("\n".join(lines(plant, stopped)))
    return Exit.DONE if all(each.done for each in stopped) else Exit.FAILED


async def _run(plant: Plant, nodes: Sequence[Node], *, now: bool) -> list[Stopped]:
    async with plant.switchboard() as board:
        return await Stop(board, now, plant.report.say).run(nodes)


def lines(plant: Plant, stopped: Sequence[Stopped]) -> Iterator[str]:
    """A line a node, and how many are off."""
    width = max((len(each.node.name) for each in stopped), default=0)
    for each in stopped:
        yield f"{each.node.name:<{width}}  {each.state:<8} {each.how}"
    left = [each.node for each in stopped if not each.done]
    those = f"; not: {plant.cluster.fold(left)}" if left else ""
    yield f"{len(stopped) - len(left)} of {len(stopped)} off{those}"
