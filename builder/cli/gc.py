# SPDX-License-Identifier: Apache-2.0
"""`nodebake gc`: remove what nothing on the head needs; never what a node boots."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    words = ["gc", "--keep", str(arguments.keep), *(["--dry-run"] if arguments.dry_run else [])]
    words += ["--nfs", arguments.nfs] if arguments.nfs else []
    with at_head(arguments, report) as head:
        told = head.value(*words)
    if arguments.json:
        report.json(told)
    else:
        report.data(f"{'would remove' if arguments.dry_run else 'removed'} {len(told['removed'])}")
    return Exit.DONE
