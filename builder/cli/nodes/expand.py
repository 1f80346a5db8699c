# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes expand`: words for nodes as names."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    names = [node.name for node in project_of(arguments).cluster().select(arguments.nodes)]
    if arguments.json:
        report.json(names)
    elif names:
        report.data("\n".join(names))
    return Exit.DONE
