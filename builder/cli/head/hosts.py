# SPDX-License-Identifier: Apache-2.0
"""`nodebake head hosts`: the nodes' host keys, for the operator's known_hosts."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    with at_head(arguments, report) as head:
        lines = head.value("known-hosts")
    if arguments.json:
        report.json(lines)
    elif lines:
        report.data("\n".join(lines))
    return Exit.DONE
