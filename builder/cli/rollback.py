# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollback NODES`: the former pair of kernel and root, at the next boot or by a restart."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head, names_of
from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    cluster = project_of(arguments).cluster()
    words = ["rollback", "--nodes", ",".join(names_of(cluster, arguments.nodes))]
    words += ["--to", arguments.to] if arguments.to else []
    words += ["--dry-run"] if arguments.dry_run else []
    with at_head(arguments, report) as head:
        rows = head.value(*words)
    if arguments.restart and not arguments.dry_run:
        from builder.cli.power import cycle

        return cycle.run(Namespace(**{**vars(arguments), "now": False}), report)
    if arguments.json:
        report.json(rows)
        return Exit.DONE
    for row in rows:
        report.data(f"{row['node']} boots {row['release']}")
    return Exit.DONE
