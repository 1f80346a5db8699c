# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes list`: the nodes, a line on each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.cluster.cluster import Node
from builder.cluster.words import ALL
from builder.errors import Exit
from builder.report.report import Report
from builder.report.table import table

_HEAD = ("NODE", "PLACE", "ADDRESS", "MAC", "SERIAL", "BOARD", "NETWORK", "POWER", "RECIPE", "GROUPS")


def run(arguments: Namespace, report: Report) -> Exit:
    cluster = project_of(arguments).cluster()
    chosen = cluster.select(arguments.nodes) if arguments.nodes else cluster.nodes
    if arguments.words:
        report.data(
            "\n".join([*(node.name for node in chosen), *(f"@{group}" for group in (*cluster.groups, ALL))])
        )
    elif arguments.json:
        report.json(plain(chosen))
    else:
        report.data("\n".join(table(_HEAD, [row(node) for node in chosen])))
    return Exit.DONE


def row(node: Node) -> Sequence[str]:
    """A node in words."""
    place = "" if node.place is None else f"{node.bar} 0x{node.place:02x}"
    groups = ",".join(group for group in node.groups if group != f"bar{node.bar}")
    known = (
        place,
        str(node.address),
        node.mac,
        node.serial,
        node.board,
        node.network,
        node.power,
        node.recipe,
        groups,
    )
    return (node.name, *(word or "-" for word in known))
