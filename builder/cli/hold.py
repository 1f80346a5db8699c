# SPDX-License-Identifier: Apache-2.0
"""`nodebake hold [NODES]`: keep nodes as they are; without nodes, tell which are kept so."""

from __future__ import annotations

import time
from argparse import Namespace

from builder.cli.at_head import at_head
from builder.cli.project import project_of
from builder.deploy.holds import holds_of, lines, seconds, who
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    if not arguments.nodes:
        return _show(arguments, report)
    nodes = project_of(arguments).cluster().select(arguments.nodes)
    words = ["hold", "--nodes", ",".join(node.name for node in nodes), "--by", who()]
    words += ["--reason", arguments.reason, "--until", str(seconds(arguments.until, time.time()))]
    with at_head(arguments, report) as head:
        told = head.value(*words)
    if arguments.json:
        report.json(told)
    else:
        report.data("\n".join(lines(holds_of(told))))
    return Exit.DONE


def _show(arguments: Namespace, report: Report) -> Exit:
    with at_head(arguments, report) as head:
        told = head.value("holds")
    if arguments.json:
        report.json(told)
        return Exit.DONE
    text = lines(holds_of(told["holds"])) or ["no node is held"]
    if told["cluster"]:
        text.append(f"the cluster is in use: {told['cluster']}")
    report.data("\n".join(text))
    return Exit.DONE
