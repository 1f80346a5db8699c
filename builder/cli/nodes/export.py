# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes export`: the inventory as other programs read it."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.left_out import warn_of_silent
from builder.cli.project import project_of
from builder.cluster.export import clush, dnsmasq, hosts, table
from builder.errors import Exit
from builder.report.report import Report

_FORMATS = {"table": table, "dnsmasq": dnsmasq, "hosts": hosts, "clush": clush}


def run(arguments: Namespace, report: Report) -> Exit:
    cluster = project_of(arguments).cluster()
    chosen = cluster.select(arguments.nodes) if arguments.nodes else cluster.nodes
    text = _FORMATS[arguments.format](cluster, chosen)
    if text:
        report.data(text)
    silent = [node for node in chosen if not node.mac]
    if silent and arguments.format in ("table", "dnsmasq"):
        warn_of_silent(cluster, silent, report)
    return Exit.DONE
