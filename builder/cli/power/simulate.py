# SPDX-License-Identifier: Apache-2.0
"""`nodebake power simulate`: a control plane to try things on. Ends on ^C with what it counted."""

from __future__ import annotations

import asyncio
import errno
import os
from argparse import Namespace
from collections.abc import Mapping
from contextlib import nullcontext
from typing import IO

from builder.cli.project import project_of
from builder.cluster.load import load
from builder.cluster.words import WordFault, numbers
from builder.errors import Exit, LackingError, NodebakeError, RecipeError
from builder.host.until import told_to_end
from builder.power.simulate.boots import Boots, Face, Pace
from builder.power.simulate.faults import Faults
from builder.power.simulate.plant import Plant
from builder.power.simulate.serve import simulated
from builder.report.report import Report

_PORT_HINT = "name another one, or none: then a free one is taken"


def run(arguments: Namespace, report: Report) -> Exit:
    for name in ("silent", "wrong", "drop"):
        if not 0 <= getattr(arguments, name) <= 1:
            raise RecipeError(f"`--{name} {getattr(arguments, name):g}` is no share: they are 0 to 1")
    plant = Plant(arguments.nodes, dead=_numbers(arguments.dead))
    if not 0 <= arguments.port < 1 << 16:
        raise RecipeError(f"`--port {arguments.port}`: ports are numbers below 65536", hint=_PORT_HINT)
    try:
        asyncio.run(_run(arguments, plant, report))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL) or error.filename:
            raise
        raise LackingError(
            f"port {arguments.port} of {arguments.host} cannot be listened at: "
            f"{os.strerror(error.errno).lower()}",
            hint=_PORT_HINT,
        ) from error
    report.json(plant.summary())
    return Exit.DONE


async def _run(arguments: Namespace, plant: Plant, report: Report) -> None:
    faults = Faults(arguments.slow, arguments.silent, arguments.wrong, arguments.drop, seed=arguments.seed)
    with arguments.log.open("a", encoding="utf-8") if arguments.log else nullcontext() as log:
        pace = Pace(arguments.boot, arguments.together, arguments.seed)
        boots = Boots(pace, _faces(arguments), lambda line: _write(log, line))
        plant.switched = boots.switched
        async with simulated(plant, faults, host=arguments.host, port=arguments.port) as url:
            report.say(f"a control plane for {plant.nodes} nodes listens at {url}")
            await told_to_end()


def _faces(arguments: Namespace) -> Mapping[int, Face]:
    """The nodes of the project's inventory, where there is one that can be read."""
    problems: list[NodebakeError] = []
    try:
        cluster = load(project_of(arguments).sources(), problems)
    except RecipeError:
        return {}
    nodes = cluster.nodes if cluster else ()
    return {node.number: Face(node.mac, str(node.address), node.serial) for node in nodes if node.mac}


def _numbers(word: str) -> frozenset[int]:
    if not word:
        return frozenset()
    try:
        return numbers(word)
    except WordFault as fault:
        raise RecipeError(f"`--dead {word}`: {fault.message}", hint=fault.hint) from None


def _write(log: IO[str] | None, line: str) -> None:
    if log is not None:
        log.write(f"{line}\n")
        log.flush()
