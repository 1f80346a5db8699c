# SPDX-License-Identifier: Apache-2.0
"""`nodebake head verify`: everything that nodes boot from is read again, and held against what was signed."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    with at_head(arguments, report) as head:
        called = head.call("verify")
    if arguments.json:
        report.json(called.value)
    else:
        found = [f"{fault['path']}: {fault['what']}" for fault in called.value]
        report.data("\n".join(found) or "everything is what it was published as")
    return Exit.FAILED if called.failed else Exit.DONE
