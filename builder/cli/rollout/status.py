# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout status [ID]`: where each node of a rollout is."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.project import project_of
from builder.cli.rollout.journals import journal_of
from builder.cli.rollout.tell import as_json, rows, summary
from builder.errors import Exit
from builder.report.report import Report
from builder.rollout.course import fold


def run(arguments: Namespace, report: Report) -> Exit:
    journal = journal_of(project_of(arguments), arguments.rollout)
    course = fold(journal.plan(), journal.events())
    if arguments.json:
        report.json(as_json(course, journal.id))
    else:
        report.data(f"rollout {journal.id}: {summary(course)}")
        for row in rows(course):
            report.data(row)
    return Exit.DONE
