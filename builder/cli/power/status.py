# SPDX-License-Identifier: Apache-2.0
"""`nodebake power status`: which nodes are on, as their drivers say now."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence

from builder.cli.power.plant import Plant, as_json, plant_of
from builder.cluster.cluster import Node
from builder.errors import Exit
from builder.power.outlet import State
from builder.power.switchboard import Asked, outlet_of
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    nodes = plant.nodes(arguments.nodes)
    asked = asyncio.run(_ask(plant, nodes))
    for fault in asked.faults:
        report.error(fault)
    if arguments.json:
        report.json({"nodes": [as_json(node, asked.states[node.number]) for node in nodes]})
    else:
        report.data("\n".join(_lines(plant, nodes, asked)))
    return Exit.FAILED if asked.faults else Exit.DONE


async def _ask(plant: Plant, nodes: Sequence[Node]) -> Asked:
    async with plant.switchboard() as board:
        return await board.ask(outlet_of(node) for node in nodes)


def _lines(plant: Plant, nodes: Sequence[Node], asked: Asked) -> Iterator[str]:
    """A line for each state that there is: `on       48  node[01-16,18-49]`."""
    for state in State:
        those = [node for node in nodes if asked.states[node.number] is state]
        if those:
            yield f"{state:<8} {len(those):>3}  {plant.cluster.fold(those)}"
