# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout undo [ID]`: the nodes that arrived go back to what they booted before."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack

from builder.cli.at_head import at_head
from builder.cli.fleet.crew import Crew
from builder.cli.fleet.free import refuse_unless_free
from builder.cli.project import project_of
from builder.cli.rollout.conduct import Conduct
from builder.cli.rollout.journals import journal_of
from builder.cli.rollout.wish import asked_of, wish_of
from builder.cli.workspace import out_root
from builder.deploy.cluster_lock import cluster_lock
from builder.deploy.holds import who
from builder.deploy.publish import bring_stock
from builder.deploy.stock import stock
from builder.errors import Exit, NodebakeError
from builder.report.report import Report
from builder.rollout.course import fold


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    journal = journal_of(project, arguments.rollout)
    plan = journal.plan()
    course = fold(plan, journal.events())
    nodes = cluster.select(list(course.done)) if course.done else ()
    if not nodes:
        report.say(f"no node of rollout {journal.id} runs from its card")
        return Exit.DONE
    if not arguments.yes:
        report.data(f"{cluster.fold(nodes)} would go back; with --yes this is done")
        return Exit.DONE
    # Where a node's former system was on its card, it is written there again.
    wish = wish_of(asked_of(arguments, journal.asked()), project, out_root(project) / plan.release)
    with ExitStack() as stack:
        head = stack.enter_context(at_head(arguments, report))
        stack.enter_context(cluster_lock(head.head, f"undo {journal.id}", who(), sudo=head.sudo))
        refuse_unless_free(arguments, nodes, report)
        known = bring_stock(head.head, stock(cluster))
        crew = Crew(project, cluster, nodes)
        faults = Conduct(crew, head, known, wish, report).take_back(journal, course.done)
    if faults:
        raise NodebakeError(f"{len(faults)} of {len(nodes)} nodes did not go back", facts=faults)
    report.say(f"{cluster.fold(nodes)} runs what it ran before")
    return Exit.DONE
