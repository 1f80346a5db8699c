# SPDX-License-Identifier: Apache-2.0
"""Rollback: each node boots next what it booted before, kernel and root as one pair."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import RefusedError
from builder.head.boots import cards, history
from builder.head.boots.publish import switching
from builder.head.ground.layout import Layout
from builder.head.ground.operation import Operation
from builder.head.node import instance
from builder.head.node.instance import Instance
from builder.head.node.inventory import Node


@dataclass(frozen=True)
class Rolled:
    """A plan: operations, and what each node boots next."""

    operations: tuple[Operation, ...]
    wanted: tuple[Instance, ...]


def plan(layout: Layout, nodes: tuple[Node, ...], version: str = "") -> Rolled:
    """Back to the pair before the present one, or to the last of `version`. Raises RefusedError."""
    present = instance.present(layout, nodes)
    names = {name: each.name for name, each in present.items()}
    former = history.formers(layout, names)
    wanted: dict[str, Instance] = {}
    lacking = []
    for node in nodes:
        if version:
            held = [each for each in instance.of_node(layout, node.name) if each.version == version]
            found = held[-1] if held else None
        else:
            found = instance.read(layout, node.name, former.get(node.name, ""))
        if found:
            wanted[node.name] = found
        else:
            kept = [each.version for each in instance.of_node(layout, node.name)]
            lacking.append(f"{node.name} has {', '.join(kept) or 'nothing'}")
    if lacking:
        what = f"no instance of {version}" if version else "no former pair"
        raise RefusedError(
            f"{len(lacking)} of {len(nodes)} nodes have {what}",
            facts=lacking[:5] + ([f"and {len(lacking) - 5} more"] if len(lacking) > 5 else []),
            hint="`nodebake status` shows what each node has; nothing was switched",
        )
    over = cards.ended(layout, cards.load(layout), (node.name for node in nodes))
    switches = switching(layout, "rollback", nodes, present, wanted)
    return Rolled((*over, *switches), tuple(wanted.values()))
