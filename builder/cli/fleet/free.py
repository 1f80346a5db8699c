# SPDX-License-Identifier: Apache-2.0
"""Refusing what would disturb somebody: nodes that are held, and nodes that are busy."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from builder.cli.at_head import at_head
from builder.cli.fleet.crew import Crew
from builder.cli.project import project_of
from builder.cluster.cluster import Node
from builder.deploy.holds import holds_of, why
from builder.errors import NodebakeError, RefusedError
from builder.fleet.busy import business
from builder.fleet.node import script
from builder.fleet.order import Order
from builder.report.report import Report
from builder.report.silent import SilentReport

_PATIENCE = 3.0
"""Seconds that a node gets to say that it is busy: one that hangs is what power is cycled for."""


def refuse_unless_free(arguments: Namespace, nodes: Sequence[Node], report: Report) -> None:
    """Raise RefusedError when any of the nodes is held or busy, unless the command line says `--force`.

    A node that does not answer is not busy. Where the head cannot be asked, that is told as a warning.
    """
    if arguments.force:
        return
    facts = [*_held(arguments, nodes, report), *_busy(arguments, nodes)]
    if facts:
        raise RefusedError(
            "some of the nodes are held or busy, so none is touched",
            facts=facts,
            hint="leave those out, or `--force`; `nodebake release` ends a hold",
        )


def _held(arguments: Namespace, nodes: Sequence[Node], report: Report) -> Iterator[str]:
    names = {node.name for node in nodes}
    try:
        with at_head(arguments, SilentReport()) as head:
            told = head.value("holds")
    except NodebakeError as error:
        report.warn(f"whether nodes are held is not known: {error.message}")
        return
    for hold in holds_of(told["holds"]):
        if hold.node in names:
            yield f"{hold.node} is {why(hold)}"


def _busy(arguments: Namespace, nodes: Sequence[Node]) -> Iterator[str]:
    project = project_of(arguments)
    crew = Crew(project, project.cluster(), tuple(nodes), patience=_PATIENCE)
    for outcome in crew.gather(Order.script(script("busy"), within=_PATIENCE)):
        if what := business(outcome):
            yield f"{outcome.name} is busy: {what}"
