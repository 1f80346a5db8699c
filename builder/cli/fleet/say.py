# SPDX-License-Identifier: Apache-2.0
"""How outcomes of many nodes are told, and which exit code they come to."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from builder.cli.fleet.crew import Crew
from builder.errors import Exit
from builder.fleet.fold import as_json, failure
from builder.fleet.order import Outcome
from builder.report.report import Report


def ending(outcomes: Sequence[Outcome], report: Report, *, shown: bool = True) -> Exit:
    """Done when all went well; else the error says how many did not, and why, outputs too if not `shown`."""
    error = failure(outcomes, shown=shown)
    if error is None:
        return Exit.DONE
    report.error(error)
    return error.exit


def told(outcomes: Sequence[Outcome], what: str, crew: Crew, arguments: Namespace, report: Report) -> Exit:
    """`NODES: what` of those that all went well on; with `--json`, the outcomes of all."""
    well = [node for node, each in zip(crew.nodes, outcomes, strict=True) if each.well]
    if arguments.json:
        report.json([as_json(each) for each in outcomes])
    elif well:
        report.data(f"{crew.cluster.fold(well)}: {what}")
    return ending(outcomes, report, shown=False)
