# SPDX-License-Identifier: Apache-2.0
"""What is odd about an inventory, though it may be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.board import definition as boards
from builder.cluster.cluster import Cluster, Node


@dataclass(frozen=True)
class Doubt:
    """Something to look at."""

    message: str
    hint: str


def doubts(cluster: Cluster) -> Iterator[Doubt]:
    """Nodes whose MAC address is not known, and those whose serial number does not go with it."""
    nameless = [node for node in cluster.nodes if not node.mac]
    if nameless:
        folded = cluster.fold(nameless)
        yield Doubt(
            f"the MAC address of `{folded}` is not known",
            f"`nodebake nodes discover {folded}` asks the boards",
        )
    for node in cluster.nodes:
        if (
            node.mac
            and node.serial
            and _one_number(node)
            and node.mac.replace(":", "")[-6:] != node.serial[-6:]
        ):
            yield Doubt(
                f"`{node.name}`: the serial number `{node.serial}` does not go with `{node.mac}`",
                f"of a {node.board} the last six digits are the same; is one of them another board's?",
            )


def _one_number(node: Node) -> bool:
    """Whether the board makes its Ethernet address of its serial number, as all do up to the Pi 3."""
    board = boards.load(node.board)
    return board.ethernet and board.netboot != "eeprom"
