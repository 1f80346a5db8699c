# SPDX-License-Identifier: Apache-2.0
"""`nodebake power shutdown`: all nodes, then the head, then the mains, each when the one before is off."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from builder.cli.power import off
from builder.cli.power.plant import Plant, as_json, plant_of
from builder.errors import Exit, NodebakeError, RefusedError
from builder.fleet.machine import head_machine
from builder.power.mains import Mains, require_ping
from builder.power.outlet import State
from builder.power.reach import End
from builder.power.stop import Stop, Stopped
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    stopped, mains = asyncio.run(_run(plant, now=arguments.now))
    if arguments.json:
        nodes = [as_json(each.node, each.state, how=each.how) for each in stopped]
        report.json({"nodes": nodes, "head": "off", "mains": str(mains)})
    else:
        report.data(
            f"{len(stopped)} nodes off, {plant.cluster.head.name} off, {plant.cluster.head.power} {mains}"
        )
    return Exit.DONE


async def _run(plant: Plant, *, now: bool) -> tuple[Sequence[Stopped], State]:
    async with plant.switchboard() as board:
        mains = Mains(board)
        # What would be missing at the end is better known before.
        if await mains.state() is State.OFF:
            plant.report.say(f"{mains.outlet.name}: off already")
            return (), State.OFF
        await require_ping()
        stopped = await Stop(board, now, plant.report.say).run(plant.cluster.nodes)
        left = [each for each in stopped if not each.done]
        if left:
            raise NodebakeError(
                "some nodes are not off: head and mains are left on",
                facts=off.lines(plant, left),
                hint="see to those nodes and run it again; `--now` cuts the nodes' power at once",
            )
        state = await mains.cut(sent_down=await _head(plant, mains))
        plant.report.say(f"{mains.outlet.name}: {state}")
        return stopped, state


async def _head(plant: Plant, mains: Mains) -> bool:
    """Shut the head down, and wait until nothing of it answers; whether it took the order."""
    head = head_machine(plant.cluster)
    plant.report.say(f"{head.name}: shutting down")
    shutdown = await mains.board.reach.shut_down(head)
    if shutdown.end is End.BARRED:
        raise RefusedError(
            f"the head `{head.name}` was not shut down: the mains are left on", facts=[shutdown.why]
        )
    await mains.wait_for_the_head_to_end()
    plant.report.say(f"{head.name}: {shutdown.end}")
    return shutdown.end is not End.SILENT
