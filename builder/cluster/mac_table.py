# SPDX-License-Identifier: Apache-2.0
"""The table of MAC addresses, `NUMBER MAC` a line, as the head keeps it in /pxe/meta/mac_nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.cluster import hardware
from builder.cluster.name import default_name
from builder.errors import NodebakeError, RecipeError
from builder.recipe.document import spot

if TYPE_CHECKING:
    from builder.cluster.cluster import Node

_LINE = re.compile(r"(\d{1,9})\s+(\S+)")
_HINT = "lines look like `7 b8:27:eb:01:02:03`"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    number: int
    mac: str


def parse(file: str, text: str, problems: list[NodebakeError]) -> list[Row]:
    """The rows of a table in their order, MACs in lower case; comments and empty lines are passed over."""
    rows = []
    for at, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        match = _LINE.fullmatch(content)
        try:
            if match:
                rows.append(Row(int(match[1]), hardware.mac(match[2])))
            elif content:
                raise ValueError("is no line `NUMBER MAC`")
        except ValueError as error:
            message = f"`{match[2]}` {error}" if match else "this is no line `NUMBER MAC`"
            problems.append(RecipeError(message, place=spot(file, text, at, 1), hint=_HINT))
    return rows


def text(rows: Iterable[Row]) -> str:
    """The table."""
    return "".join(f"{row.number} {row.mac}\n" for row in rows)


def rows(nodes: Iterable[Node]) -> Iterator[Row]:
    """The rows of those nodes whose MAC address is known."""
    return (Row(node.number, node.mac) for node in nodes if node.mac)


def with_names(nodes: Iterable[Node]) -> str:
    """The table with a third word, the name, for nodes that are not called by their number."""
    lines = []
    for node in nodes:
        if node.mac:
            name = "" if node.name == default_name(node.number) else f" {node.name}"
            lines.append(f"{node.number} {node.mac}{name}\n")
    return "".join(lines)
