# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes remove`: nodes that are no more."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.nodes.rewrite import rewrite
from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.cluster import ties
from builder.cluster.edit import Changes
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    gone = cluster.select(arguments.nodes)
    rewrite(project, cluster, Changes(removed=frozenset(node.number for node in gone)), report)
    tied = {node.name: (*ties.of_board(node), *ties.of_name(node)) for node in gone}
    if arguments.json:
        report.json({"removed": plain(gone), "tied": tied})
        return Exit.DONE
    for node in gone:
        report.say("\n  ".join([f"removed `{node.name}`; what still goes by it:", *tied[node.name]]))
    return Exit.DONE
