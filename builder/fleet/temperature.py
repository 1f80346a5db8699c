# SPDX-License-Identifier: Apache-2.0
"""How warm nodes are, and the grid of bars and places that operators know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from builder.cluster.bars import PLACES
from builder.cluster.cluster import Cluster, Node
from builder.fleet.node import pairs
from builder.fleet.order import Outcome

_CELL = 5
SILENT = "--"
"""In the grid: a node that did not answer. A place without a node is empty."""


@dataclass(frozen=True)
class Warmth:
    """Degrees Celsius of the processor and of the graphics unit; None where the node has not told it."""

    cpu: float | None = None
    gpu: float | None = None


def read(outcome: Outcome) -> Warmth:
    """What a node's answer says."""
    told = {key: int(value) / 1000 for key, value in pairs(outcome.stdout) if value.lstrip("-").isdigit()}
    return Warmth(told.get("cpu"), told.get("gpu"))


def grid(cluster: Cluster, nodes: Sequence[Node], degrees: Mapping[str, float | None]) -> Iterator[str]:
    """A line a bar, a column a place; nodes in no bar have lines of their own below."""
    placed = {node.place: node for node in nodes if node.place is not None}
    bars = dict.fromkeys(node.bar for node in cluster.nodes if node.place is not None)
    high = {node.bar: node.place >> 4 for node in cluster.nodes if node.place is not None}
    wide = max((place & 0xF for place in placed), default=0)
    if placed:
        width = max(len(bar) for bar in bars)
        yield " " * width + "".join(f"{place:>{_CELL + 1}}" for place in range(1, min(wide, PLACES) + 1))
        for bar in bars:
            row = [placed.get(high[bar] << 4 | place) for place in range(1, wide + 1)]
            if any(row):
                cells = (_cell(degrees.get(node.name)) if node else " " * _CELL for node in row)
                yield f"{bar:<{width}} {' '.join(cells)}".rstrip()
    for node in nodes:
        if node.place is None:
            yield f"{node.name} {_cell(degrees.get(node.name))}"


def summary(degrees: Mapping[str, float | None]) -> str:
    """The warmest, and how it is in the middle; empty when nobody told."""
    told = {name: value for name, value in degrees.items() if value is not None}
    if not told:
        return ""
    warmest = max(told, key=lambda name: told[name])
    return f"warmest {warmest} {told[warmest]:.1f} °C, mean {_mean(told.values()):.1f} °C"


def _cell(value: float | None) -> str:
    return f"{SILENT if value is None else format(value, '.1f'):>{_CELL}}"


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
