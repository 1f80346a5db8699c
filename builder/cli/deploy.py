# SPDX-License-Identifier: Apache-2.0
"""`nodebake deploy RECIPE NODES`: an image onto nodes' own cards, from here and at once."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.project import project_of
from builder.cli.rollout.begin import begin
from builder.cli.rollout.target import aimed
from builder.cli.rollout.wish import asked_of, wish_of
from builder.errors import Exit
from builder.report.report import Report
from builder.rollout.plan import Limits


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    nodes, target = aimed(arguments, project, cluster, report)
    wish = wish_of(asked_of(arguments), project, target.image_folder)
    names = tuple(node.name for node in nodes)
    # Who names nodes one by one wants each of them tried, whatever becomes of the others.
    return begin(arguments, report, project, nodes, target, wish, (names,), Limits(0.0, len(names)))
