# SPDX-License-Identifier: Apache-2.0
"""`nodebake doctor`: what is wrong on the head, and what to do about it."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    with at_head(arguments, report) as head:
        called = head.call("doctor", *(["--nfs", arguments.nfs] if arguments.nfs else []))
    if arguments.json:
        report.json(called.value)
    elif not called.value:
        report.data("nothing is wrong that this can see")
    else:
        for each in called.value:
            report.data(f"{each['level']:<4} {each['about']}: {each['what']}\n     hint: {each['hint']}")
    return Exit.FAILED if called.failed else Exit.DONE
