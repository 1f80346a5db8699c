# SPDX-License-Identifier: Apache-2.0
"""`nodebake power on NODES`: switch on what is off, and see to it that it comes up."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from builder.cli.power.plant import Plant, plant_of
from builder.cluster.cluster import Node
from builder.errors import Exit
from builder.power.start import Start
from builder.power.startup import Phase, Progress, Startup
from builder.power.switchboard import Switchboard, outlet_of
from builder.report.report import Report
from builder.report.units import counted


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    nodes = plant.nodes(arguments.nodes)
    return answer(plant, nodes, asyncio.run(_run(plant, nodes)), as_json=arguments.json)


async def _run(plant: Plant, nodes: Sequence[Node]) -> Startup:
    async with plant.switchboard() as board:
        return await start(plant, board, nodes)


async def start(plant: Plant, board: Switchboard, nodes: Sequence[Node]) -> Startup:
    """Bring nodes up, whatever their state is."""
    asked = await board.ask(outlet_of(node) for node in nodes)
    for fault in asked.faults:
        plant.report.warn(f"the state is not known: {fault.message}")
    return await Start(board, plant.report.say).run(nodes, asked.states)


def answer(plant: Plant, nodes: Sequence[Node], startup: Startup, *, as_json: bool) -> Exit:
    """The table of who is up; 1 when some are not."""
    missing = [node for node in nodes if startup.nodes[node.number].phase is not Phase.UP]
    if as_json:
        told = [_as_json(node, startup.nodes[node.number]) for node in nodes]
        plant.report.json({"nodes": told, "up": len(nodes) - len(missing), "missing": len(missing)})
    else:
        plant.report.data("\n".join(_lines(plant, nodes, startup, missing)))
    return Exit.FAILED if missing else Exit.DONE


def _lines(plant: Plant, nodes: Sequence[Node], startup: Startup, missing: Sequence[Node]) -> Iterator[str]:
    width = max((len(node.name) for node in nodes), default=0)
    for node in nodes:
        yield f"{node.name:<{width}}  {_told(startup.nodes[node.number])}".rstrip()
    those = f"; missing: {plant.cluster.fold(missing)}" if missing else ""
    yield f"{len(nodes) - len(missing)} of {len(nodes)} up{those}"


def _told(progress: Progress) -> str:
    """`up       53 s, 1 cycle`."""
    what = progress.why
    if progress.phase is Phase.UP:
        what = "on before" if progress.untouched else f"{progress.took or 0:.0f} s"
    cycles = counted(progress.cycles, "cycle") if progress.cycles else ""
    return f"{progress.phase:<8} {', '.join(filter(None, (what, cycles)))}"


def _as_json(node: Node, progress: Progress) -> dict[str, Any]:
    return {
        "number": node.number,
        "name": node.name,
        "phase": str(progress.phase),
        "on_before": progress.untouched,
        "cycles": progress.cycles,
        "seconds": None if progress.took is None else round(progress.took, 1),
        "why": progress.why,
    }
