# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes fold`: words for nodes in the shortest form."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    cluster = project_of(arguments).cluster()
    nodes = cluster.select(arguments.nodes)
    if arguments.json:
        report.json({"folded": cluster.fold(nodes), "count": len(nodes)})
    else:
        report.data(cluster.fold(nodes))
    return Exit.DONE
