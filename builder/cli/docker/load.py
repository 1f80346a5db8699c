# SPDX-License-Identifier: Apache-2.0
"""`nodebake docker load IMAGE.tar NODES`: an image that `docker save` wrote, to nodes without a registry."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import told
from builder.errors import Exit, RecipeError
from builder.fleet.copy import AT_ONCE
from builder.fleet.order import Order
from builder.report.report import Report

_LOAD = "if docker version >/dev/null 2>&1; then docker load; else sudo -n docker load; fi"


def run(arguments: Namespace, report: Report) -> Exit:
    if not arguments.image.is_file():
        raise RecipeError(f"`{arguments.image}` is not there", hint="docker save IMAGE -o IMAGE.tar")
    crew = crew_of(arguments)
    order = Order(_LOAD, within=arguments.timeout, stdin_file=arguments.image)
    outcomes = crew.with_fleet(lambda fleet: fleet.gather(crew.machines, order, at_once=AT_ONCE))
    return told(outcomes, f"{arguments.image.name} is loaded", crew, arguments, report)
