# SPDX-License-Identifier: Apache-2.0
"""What outside of the inventory goes by a board, or by the name of its node."""

from __future__ import annotations

from builder.cluster.cluster import Node


def of_board(node: Node) -> tuple[str, ...]:
    """What still speaks of the node's board when it is taken out."""
    said = []
    if node.mac:
        export = "`nodebake nodes export` writes both"
        said += [
            f"`{node.mac}` in the head's table of MAC addresses and in its dnsmasq; {export}",
            "images with the overlay `node-name`, which knows nodes by MAC address; bake them again",
            f"/pxe/boot/{node.mac.replace(':', '-')} on the head, its boot files by MAC address",
        ]
    if node.serial:
        said.append(f"/pxe/boot/{node.serial} on the head, its boot files by serial number")
    return tuple(said)


def of_name(node: Node) -> tuple[str, ...]:
    """What still goes by the node's name when the node is taken out."""
    return (f"/pxe/nodes/{node.name} on the head, what its simulations left; it stays",)
