# SPDX-License-Identifier: Apache-2.0
"""`nodebake docker remove NODES`: what `docker install` brought goes again; the data stay."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from builder.cli.docker.rounds import Rounds
from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import ending
from builder.errors import Exit
from builder.fleet.docker import one_of_each_root
from builder.fleet.fold import as_json
from builder.fleet.gather import Fleet
from builder.fleet.node import script
from builder.fleet.order import Order, Outcome
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments)

    def order(*words: str) -> Order:
        return crew.script(script("docker"), "", *words, within=arguments.timeout)

    async def work(fleet: Fleet) -> Sequence[Outcome]:
        rounds = Rounds(fleet, crew.machines)
        looks = await rounds.round(order("look"))
        roots = one_of_each_root(rounds.well, [each for each in looks if each.well])
        stopped = await rounds.round(order("stop"))
        # A root is left as it is while docker still runs on any of its nodes.
        if all(each.well for each in stopped):
            await rounds.round(order("remove"), roots)
        return rounds.outcomes

    outcomes = crew.with_fleet(work)
    if arguments.json:
        report.json([as_json(each) for each in outcomes])
    elif all(each.well for each in outcomes):
        report.data(f"{crew.cluster.fold(crew.nodes)}: without docker; its data are left where they are")
    return ending(outcomes, report, shown=False)
