# SPDX-License-Identifier: Apache-2.0
"""`nodebake docker install NODES`: docker on nodes that run a root made by hand."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from builder.cli.docker.rounds import Rounds
from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import told
from builder.errors import Exit
from builder.fleet.copy import unpacking
from builder.fleet.docker import STAGE, kit, one_of_each_root
from builder.fleet.gather import Fleet
from builder.fleet.node import script
from builder.fleet.order import Order, Outcome
from builder.host.scratch import scratch
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments)
    folder = arguments.folder or f"{crew.cluster.head.address}:/pxe/nodes/NODE/docker"
    wanted = kit(arguments.strategy, folder, crew.project.root / "overlays")

    def order(*words: str) -> Order:
        return crew.script(script("docker"), "", *words, within=arguments.timeout)

    with scratch("docker") as place:
        wanted.pack(place / "kit.tar")
        unpack = unpacking(place / "kit.tar", STAGE, arguments.timeout)

        async def work(fleet: Fleet) -> Sequence[Outcome]:
            rounds = Rounds(fleet, crew.machines)
            looks = await rounds.round(order("look"))
            roots = one_of_each_root(rounds.well, [each for each in looks if each.well])
            report.say(f"{len(roots)} roots of {len(crew.nodes)} nodes")
            await rounds.round(unpack, roots)
            await rounds.round(order("install", *wanted.packages), roots)
            await rounds.round(order("start"))
            return rounds.outcomes

        outcomes = crew.with_fleet(work)
    what = f"docker runs containers, its data: {arguments.strategy}"
    return told(outcomes, what, crew, arguments, report)
