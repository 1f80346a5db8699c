# SPDX-License-Identifier: Apache-2.0
"""`nodebake temperature [NODES]`: how warm nodes are, bar by bar."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import ending
from builder.cluster.cluster import Node
from builder.errors import Exit
from builder.fleet.node import script
from builder.fleet.order import Order
from builder.fleet.temperature import Warmth, grid, read, summary
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments)
    outcomes = crew.gather(Order.script(script("temperature"), within=arguments.timeout))
    warm = {each.name: read(each) for each in outcomes}
    if arguments.json:
        rows = zip(crew.nodes, outcomes, strict=True)
        report.json([_row(one, warm[one.name], each.why) for one, each in rows])
    else:
        cpu = {name: each.cpu for name, each in warm.items()}
        gpu = {name: each.gpu for name, each in warm.items()}
        lines = [*grid(crew.cluster, crew.nodes, cpu), summary(cpu)]
        if any(gpu.values()):
            lines += ["graphics:", *grid(crew.cluster, crew.nodes, gpu), summary(gpu)]
        report.data("\n".join(line for line in lines if line))
    return ending(outcomes, report, shown=False)


def _row(node: Node, warm: Warmth, why: str) -> dict[str, Any]:
    return {"node": node.name, "bar": node.bar, "place": node.place, **asdict(warm), "why": why}
