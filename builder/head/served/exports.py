# SPDX-License-Identifier: Apache-2.0
"""What the head exports over NFS to whom: one table, rendered for each kind of server. Pure.

Each export has a number of its own that it keeps: the kernel's `fsid`, ganesha's `Export_Id`. So file handles
of nodes that are up stay good when exports come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from builder.head.ground.layout import Layout
from builder.head.node import cmdline
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory

FIRST_ID = 2001
"""Below lie numbers that a site may use for exports of its own."""
LAST_ID = 65000
"""Ganesha's Export_Id has 16 bits."""
HEADER = "# Written by nodebake-head, which overwrites it. Your own exports belong in another file.\n"


@dataclass(frozen=True)
class Export:
    """`path` to `clients`, which are addresses and networks."""

    path: str
    clients: tuple[str, ...]
    writable: bool
    root: bool
    """Whether root on a client is root here: only where the client has the files to itself."""


def table(layout: Layout, inventory: Inventory, instances: Iterable[Instance]) -> tuple[Export, ...]:
    """Everything that nodes with an instance need, and nothing for anybody else.

    Other nodes have no folders yet, and a server refuses its whole table for one path that is not there.
    """
    rows = [Export(str(layout.releases), inventory.subnets, writable=False, root=False)]
    by_node: dict[str, list[Instance]] = {}
    for each in instances:
        by_node.setdefault(each.node, []).append(each)
    for node in inventory.nodes:
        own = (node.address,)
        held = by_node.get(node.name, [])
        if not held:
            continue
        rows.append(Export(str(layout.identities / node.name), own, writable=False, root=True))
        rows.append(Export(str(layout.contents / node.name), own, writable=True, root=True))
        if any(cmdline.DATA in each.cmdline for each in held):
            rows.append(Export(str(layout.instances / node.name / "data"), own, writable=True, root=True))
        for each in held:
            if each.mode == "private":
                folder = layout.instance(node.name, each.name)
                rows += [
                    Export(str(folder / part), own, writable=True, root=True) for part in ("boot", "root")
                ]
    return tuple(rows)


def numbered(rows: Iterable[Export], former: Mapping[str, int]) -> dict[str, int]:
    """A number for each path: the one that it had, else the next that nobody had yet, else a free one."""
    paths = [row.path for row in rows]
    kept = {path: former[path] for path in paths if path in former}
    taken = set(kept.values())
    following = min(max([FIRST_ID - 1, *former.values()]), LAST_ID) + 1
    order = chain(range(following, LAST_ID + 1), range(FIRST_ID, following))
    free = (number for number in order if number not in taken)
    return kept | {path: next(free) for path in paths if path not in kept}


def for_kernel(rows: Iterable[Export], numbers: Mapping[str, int]) -> str:
    """A file for /etc/exports.d."""
    lines = []
    for row in rows:
        options = ["rw" if row.writable else "ro", "sync", "no_subtree_check", f"fsid={numbers[row.path]}"]
        options.append("no_root_squash" if row.root else "root_squash")
        clients = " ".join(f"{client}({','.join(options)})" for client in row.clients)
        lines.append(f'"{row.path}" {clients}\n')
    return HEADER + "".join(lines)


def for_ganesha(rows: Iterable[Export], numbers: Mapping[str, int]) -> str:
    """A file for ganesha.conf to include. Who is not named among the clients has no access."""
    blocks = []
    for row in rows:
        number = numbers[row.path]
        blocks.append(
            "EXPORT {\n"
            f'  Export_Id = {number};\n  Path = "{row.path}";\n  Pseudo = "{row.path}";\n'
            f"  Filesystem_Id = {number}.{number};\n  Access_Type = NONE;\n"
            "  Protocols = 3;\n  Transports = TCP;\n  SecType = sys;\n"
            f"  Squash = {'No_Root_Squash' if row.root else 'Root_Squash'};\n"
            "  FSAL { Name = VFS; }\n"
            f"  CLIENT {{ Clients = {', '.join(row.clients)}; "
            f"Access_Type = {'RW' if row.writable else 'RO'}; }}\n"
            "}\n"
        )
    return HEADER + "".join(blocks)


def place(layout: Layout, server: str) -> Path:
    """Where the server reads them."""
    if server == "ganesha":
        return layout.etc / "ganesha/nodebake.conf"
    return layout.etc / "exports.d/nodebake.exports"
