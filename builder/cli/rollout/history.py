# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout history`: a line on each rollout of this project."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.project import project_of
from builder.cli.rollout.journals import journals_of
from builder.cli.rollout.tell import as_json, summary
from builder.errors import Exit
from builder.report.report import Report
from builder.rollout.course import fold


def run(arguments: Namespace, report: Report) -> Exit:
    journals = journals_of(project_of(arguments))
    courses = [(each.id, fold(each.plan(), each.events())) for each in journals]
    if arguments.json:
        report.json([as_json(course, name) for name, course in courses])
    else:
        for name, course in courses:
            report.data(f"{name}  {summary(course)}")
    return Exit.DONE
