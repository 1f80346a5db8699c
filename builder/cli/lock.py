# SPDX-License-Identifier: Apache-2.0
"""`nodebake lock`: every package to version, sha256 and archive, every image of a registry to its digest."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from builder.archive import locking
from builder.cli.workspace import workspace
from builder.errors import Exit
from builder.lock.request import changes, staleness
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    work = workspace(arguments)
    before = locking.read_lock(work.lock_path)
    if before and not arguments.update and not staleness(before, work.wanted):
        after = before
    else:
        after = work.renew(before)
    found = changes(before, after) if before else []
    if arguments.json:
        report.json(
            {
                "recipe": after.recipe,
                "lock": str(work.lock_path),
                "epoch": after.epoch,
                "packages": [asdict(package) for package in after.packages],
                "images": [asdict(image) for image in after.images],
                "changes": [asdict(change) for change in found],
            }
        )
        return Exit.DONE
    for change in found:
        report.say(str(change))
    if before and not found:
        report.say("nothing has changed")
    report.data(str(work.lock_path))
    return Exit.DONE
