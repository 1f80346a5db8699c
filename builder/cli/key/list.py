# SPDX-License-Identifier: Apache-2.0
"""`nodebake key list`: who may sign, from when to when."""

from __future__ import annotations

from argparse import Namespace
from datetime import date

from builder.cli.project import project_of
from builder.deploy.keys import Ring
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    ring = Ring(project_of(arguments).root)
    revoked, today = ring.revoked(), date.today()
    rows = [
        {
            "name": each.name,
            "key": each.key,
            "state": "revoked" if each.key in revoked else each.state(today),
            "before": str(each.before or ""),
            "here": ring.private(each.name).exists(),
        }
        for each in ring.signers()
    ]
    if arguments.json:
        report.json(rows)
        return Exit.DONE
    for row in rows:
        elsewhere = "" if row["here"] else ", its private half is elsewhere"
        report.data(f"{row['name']}  {row['state']}{elsewhere}")
    if not rows:
        report.say("no key signs releases here yet: nodebake key new")
    return Exit.DONE
