# SPDX-License-Identifier: Apache-2.0
"""`nodebake status`: what each node boots."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from builder.cli.at_head import at_head, names_of
from builder.cli.project import project_of
from builder.errors import Exit
from builder.report import units
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    names = names_of(project_of(arguments).cluster(), arguments.nodes) if arguments.nodes else ()
    with at_head(arguments, report) as head:
        told = head.value("status", *(["--nodes", ",".join(names)] if names else []))
    if arguments.json:
        report.json(told)
    else:
        report.data("\n".join(lines(told)))
    return Exit.DONE


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """A line on each node, then one on each release."""
    rows = [
        (
            each["node"],
            each["release"] or "nothing",
            " ".join(word for word in (each["mode"], each["copied"]) if word),
            f"{datetime.fromtimestamp(each['since']):%Y-%m-%d %H:%M}" if each["since"] else "",
            f"before: {each['former']}" if each["former"] else "",
        )
        for each in told["nodes"]
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    for row in rows:
        yield "  ".join(f"{word:<{width}}" for word, width in zip(row, widths, strict=True)).rstrip()
    for each in told["releases"]:
        yield f"{each['release']}  {each['mode']}, {units.size(each['size'])}, {len(each['nodes'])} nodes"
