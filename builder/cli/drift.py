# SPDX-License-Identifier: Apache-2.0
"""`nodebake drift`: what nodes have changed in roots of their own."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head, names_of
from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    names = names_of(project_of(arguments).cluster(), arguments.nodes) if arguments.nodes else ()
    words = ["drift", *(["--nodes", ",".join(names)] if names else []), *(["--all"] if arguments.all else [])]
    with at_head(arguments, report) as head:
        told = head.value(*words)
    if arguments.json:
        report.json(told)
        return Exit.DONE
    for name, moved in told.items():
        report.data(f"{name}  {len(moved)} differences" if moved else f"{name}  as it was published")
        for each in moved:
            report.data(f"  {each['how']:<8} {each['path']}")
    return Exit.DONE
