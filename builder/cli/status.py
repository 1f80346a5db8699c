# SPDX-License-Identifier: Apache-2.0
"""`nodebake status`: what each node boots, as the head has it, and how it is, as the node itself says."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from builder.cli.at_head import at_head
from builder.cli.fleet.crew import Crew, crew_of
from builder.cluster.words import fold
from builder.deploy.stock import bootable
from builder.errors import Exit, NodebakeError
from builder.fleet import status
from builder.fleet.connect import Access
from builder.fleet.node import script
from builder.fleet.order import Order
from builder.fleet.status import Says
from builder.report import units
from builder.report.report import Report

_PATIENCE = 3.0
"""Seconds that nodes get to answer: those that hang shall not hold up the others' answers."""


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments, patience=_PATIENCE)
    told = _head_says(arguments, crew, report)
    says = {} if arguments.no_nodes else _nodes_say(crew, report)
    if arguments.json:
        for each in told["nodes"]:
            each["says"] = asdict(says[each["node"]]) if each["node"] in says else None
        report.json(told)
    else:
        report.data("\n".join(lines(told, says, time.time())))
    return Exit.DONE


def _head_says(arguments: Namespace, crew: Crew, report: Report) -> dict[str, Any]:
    """What the head lets nodes boot; of nodes that it does not serve, that it is nothing."""
    served = [node.name for node in crew.nodes if bootable(crew.cluster, node)] if arguments.nodes else []
    with at_head(arguments, report) as head:
        told: dict[str, Any] = head.value("status", *(["--nodes", ",".join(served)] if served else []))
    known = {each["node"]: each for each in told["nodes"]}
    nothing = {"release": "", "mode": "", "copied": "", "since": 0, "former": ""}
    return {**told, "nodes": [known.get(node.name, {"node": node.name, **nothing}) for node in crew.nodes]}


def _nodes_say(crew: Crew, report: Report) -> dict[str, Says]:
    """What nodes say themselves, by name; none when there is no way to know that it is they."""
    try:
        Access(crew.cluster.ssh, crew.project.root).require_hosts()
    except NodebakeError as error:
        report.warn(f"nodes are not asked: {error.message}", hint=error.hint)
        return {}
    outcomes = crew.gather(Order.script(script("status"), within=_PATIENCE))
    return {each.name: status.read(each) for each in outcomes}


def lines(told: Mapping[str, Any], says: Mapping[str, Says], now: float) -> Iterator[str]:
    """A line on each node, then one on each release, then who does not answer."""
    rows = [
        (
            each["node"],
            each["release"] or "nothing",
            " ".join(word for word in (each["mode"], each["copied"]) if word),
            f"{datetime.fromtimestamp(each['since']):%Y-%m-%d %H:%M}" if each["since"] else "",
            ", ".join(status.words(says[each["node"]], each["release"], now)) if each["node"] in says else "",
            f"before: {each['former']}" if each["former"] else "",
        )
        for each in told["nodes"]
    ]
    yield from _aligned(rows)
    for each in told["releases"]:
        yield f"{each['release']}  {each['mode']}, {units.size(each['size'])}, {len(each['nodes'])} nodes"
    silent = [name for name, one in says.items() if one.why]
    if says:
        yield f"{len(says) - len(silent)} of {len(says)} nodes answer" + _not(silent)


def _not(names: Iterable[str]) -> str:
    folded = fold(names)
    return f"; not: {folded}" if folded else ""


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{word:<{width}}" for word, width in zip(row, widths, strict=True)).rstrip()
