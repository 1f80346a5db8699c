# SPDX-License-Identifier: Apache-2.0
"""`nodebake release NODES`: hold nodes no longer."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    cluster = project_of(arguments).cluster()
    nodes = cluster.select(arguments.nodes)
    with at_head(arguments, report) as head:
        told = head.value("release", "--nodes", ",".join(node.name for node in nodes))
    if arguments.json:
        report.json(told)
    else:
        ended = {each["node"] for each in told}
        those = cluster.fold(node for node in nodes if node.name in ended)
        report.data(f"{those}: held no longer" if those else "none of them was held")
    return Exit.DONE
