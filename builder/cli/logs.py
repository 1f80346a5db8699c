# SPDX-License-Identifier: Apache-2.0
"""`nodebake logs NODE`: what a node has told the head."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head, names_of
from builder.cli.project import project_of
from builder.errors import Exit, RecipeError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    names = names_of(project_of(arguments).cluster(), [arguments.node])
    if len(names) != 1:
        raise RecipeError(f"`{arguments.node}` is {len(names)} nodes", hint="name one: nodebake logs node07")
    words = ["logs", names[0], "--lines", str(arguments.lines), *(["--kernel"] if arguments.kernel else [])]
    with at_head(arguments, report) as head:
        told = head.value(*words)
    if arguments.json:
        report.json(told)
    else:
        report.data("\n".join(told))
    return Exit.DONE
