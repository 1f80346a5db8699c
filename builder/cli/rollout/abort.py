# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout abort [ID]`: no more are begun, and those under way go back to what they ran before."""

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
    journal.add(Said(int(time.time()), Word.ABORTED))
    report.say(f"rollout {journal.id} is over when those under way are back")
    report.say(f"if nobody drives it now: nodebake rollout resume {journal.id}")
    return Exit.DONE
