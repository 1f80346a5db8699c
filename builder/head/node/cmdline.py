# SPDX-License-Identifier: Apache-2.0
"""cmdline.txt of one node and one release. Pure.

The words beginning with `nodebake.` are what the initramfs of `overlays/netboot` reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.head.ground.layout import Layout
from builder.head.node.inventory import Inventory, Node
from builder.head.release.manifest import Release

TRIAL = 900
"""Seconds after which a node that tries the system on its card starts again, unless it is told to stay."""

DATA = "nodebake.data="
"""The word for the node's own folder, where its writable layer (`loop`) and docker's data may lie."""


def line(layout: Layout, inventory: Inventory, node: Node, release: Release, instance: str) -> str:
    """The one line, without a newline."""
    own = _words(layout, inventory.address, node, release, instance)
    return " ".join(dict.fromkeys([*release.cmdline, *own]))


def _words(layout: Layout, head: str, node: Node, release: Release, instance: str) -> Iterator[str]:
    def at(path: Path) -> str:
        return f"{head}:{path}"

    if release.mode == "card":
        # A kernel that panics starts again, and so does a node on which nobody confirms what it tries.
        yield from ("panic=10", f"nodebake.release={release.label}", f"nodebake.trial={TRIAL}")
        return
    root = layout.instance(node.name, instance) / "root"
    if release.mode == "private" and not any(board.initramfs for board in release.boards):
        # A root that was made by hand: the kernel mounts it by itself.
        yield from ("root=/dev/nfs", f"nfsroot={at(root)},vers=3,tcp", "rw", "ip=dhcp", "rootwait")
        return
    yield from ("boot=nodebake", f"nodebake.release={release.label}", f"nodebake.mode={release.mode}")
    if release.mode == "private":
        yield f"nodebake.root={at(root)}"
    else:
        yield f"nodebake.root={at(layout.release(release.recipe, release.version))}"
        yield f"nodebake.layers={','.join(release.layers)}"
        yield f"nodebake.writable={release.writable}"
    yield f"{DATA}{at(layout.instances / node.name / 'data')}"
    yield f"nodebake.identity={at(layout.identities / node.name)}"
    yield f"nodebake.head={head}"
    yield f"nodebake.netconsole={head}"
