# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout pause [ID]`: nodes under way arrive, and no more are begun."""

from __future__ import annotations

import time
from argparse import Namespace

from builder.cli.project import project_of
from builder.cli.rollout.journals import journal_of
from builder.errors import Exit
from builder.report.report import Report
from builder.rollout.event import Said, Word


def run(arguments: Namespace, report: Report) -> Exit:
    journal = journal_of(project_of(arguments), arguments.rollout)
    journal.plan()
    journal.add(Said(int(time.time()), Word.PAUSED))
    report.say(f"rollout {journal.id} begins no more nodes; those under way arrive")
    return Exit.DONE
