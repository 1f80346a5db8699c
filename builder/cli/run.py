# SPDX-License-Identifier: Apache-2.0
"""`nodebake run NODES -- COMMAND`: one command on many nodes."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import ending
from builder.errors import Exit, RecipeError
from builder.fleet import fold
from builder.fleet.order import Order, Outcome
from builder.report.report import Report

STDIN = "-"


def run(arguments: Namespace, report: Report) -> Exit:
    order = _order(arguments.command, arguments.timeout)
    crew = crew_of(arguments)

    def told(outcome: Outcome) -> None:
        if arguments.each and not arguments.json:
            _show([outcome], len(crew.nodes), report)

    outcomes = crew.gather(order, told)
    if arguments.json:
        report.json([fold.as_json(each) for each in outcomes])
    elif not arguments.each:
        _show(outcomes, len(crew.nodes), report)
    return ending(outcomes, report)


def _order(words: Sequence[str], within: float) -> Order:
    """A command line as ssh takes it, its words joined by blanks; `-` is a script on stdin."""
    if not words:
        raise RecipeError("`run` wants a command", hint="nodebake run @barA -- uptime")
    if list(words) == [STDIN]:
        return Order.script(sys.stdin.read(), within=within)
    return Order(" ".join(words), within=within)


def _show(outcomes: Sequence[Outcome], total: int, report: Report) -> None:
    for same in fold.folded(outcomes):
        report.data("\n".join(fold.lines(same, total)))
