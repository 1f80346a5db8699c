# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout resume [ID]`: go on after a pause, a kill, or too many failures that were looked at."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack

from builder.cli.at_head import at_head
from builder.cli.fleet.crew import Crew
from builder.cli.project import project_of
from builder.cli.rollout.begin import answer
from builder.cli.rollout.conduct import Conduct
from builder.cli.rollout.journals import journal_of
from builder.cli.rollout.wish import asked_of, wish_of
from builder.cli.workspace import out_root
from builder.deploy.cluster_lock import cluster_lock
from builder.deploy.holds import who
from builder.deploy.publish import bring_stock
from builder.deploy.stock import stock
from builder.errors import Exit
from builder.report.report import Report
from builder.rollout.event import Said, Word


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    journal = journal_of(project, arguments.rollout)
    plan = journal.plan()
    nodes = cluster.select(list(plan.nodes))
    asked = asked_of(arguments, journal.asked())
    wish = wish_of(asked, project, out_root(project) / plan.release)
    with ExitStack() as stack:
        head = stack.enter_context(at_head(arguments, report))
        stack.enter_context(cluster_lock(head.head, f"rollout {journal.id}", who(), sudo=head.sudo))
        known = bring_stock(head.head, stock(cluster))
        journal.add(Said(int(time.time()), Word.RESUMED, asked))
        crew = Crew(project, cluster, nodes)
        course = Conduct(crew, head, known, wish, report).run(journal)
    return answer(arguments, report, journal, course)
