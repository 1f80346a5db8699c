# SPDX-License-Identifier: Apache-2.0
"""A tree becomes an sd-card image: laid out, every byte decided, written in order. No mounts, no root."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.image.ext4 import fill as ext4
from builder.image.ext4 import geometry
from builder.image.ext4.node import Node, nodes, takes
from builder.image.ext4.skeleton import make_empty
from builder.image.fat32 import fill as fat32
from builder.image.fat32.names import check
from builder.image.identity import Identity
from builder.image.layout import BOOT_MOUNT, check_boot, in_boot, lay_out
from builder.image.placement import Placed, Placement
from builder.image.redate import Redated, redate
from builder.image.table import write_table
from builder.image.tools import Tools
from builder.image.write import write
from builder.tree.sourced import Sourced


def assemble(
    target: Path,
    tree: Sequence[Sourced],
    *,
    boot_size: int,
    free: int,
    identity: Identity,
    former: Placement | None,
    epoch: int,
    tools: Tools,
    jobs: int,
) -> Placement:
    """Write the image `target`, which must not exist yet; returns where everything lies in it.

    What lies below /boot/firmware goes to a first partition of `boot_size` bytes, all else to the second,
    which gets room for `free` more bytes. `former` is the placement of the release before: what has not
    changed stays where it was. `epoch` in seconds since 1970. Raises RecipeError when a size cannot be
    had; a failure leaves the unfinished file to the caller, who owns the directory.
    """
    redated = redate((one.entry for one in tree), epoch, former)
    tree = [
        one if entry is one.entry else one._replace(entry=entry)
        for one, entry in zip(tree, redated.entries, strict=True)
    ]
    inside = [one for one in tree if in_boot(one.entry)]
    check([one.entry for one in inside], BOOT_MOUNT)
    found = nodes(one for one in tree if not in_boot(one.entry))
    layout = lay_out(boot_size, _room(found, free, former))
    check_boot([one.entry for one in inside], layout)
    made = former.made if former else epoch
    _make_sparse(target, layout.size)
    write_table(target, layout, identity.disk_id)
    skeleton = make_empty(
        target,
        layout.root.start,
        layout.ext4,
        label=layout.root.label,
        identity=identity,
        time=made,
        tools=tools,
    )
    root = ext4.fill(
        found,
        skeleton,
        layout.ext4,
        start=layout.root.start,
        uuid=uuid.UUID(identity.root_uuid).bytes,
        former=former.files if former else {},
    )
    segments, boot = fat32.fill(
        inside,
        BOOT_MOUNT,
        layout.fat32,
        fat32.Volume(layout.boot.start, layout.boot.label, identity.fat_serial, made),
        former.boot if former and former.boot_size == layout.boot.size else {},
    )
    write(target, [*segments, *root.segments], jobs)
    return Placement(
        made,
        layout.boot.size,
        layout.ext4.groups,
        layout.ext4.inodes_per_group,
        _dated(root.placed, redated),
        _dated(boot, redated),
    )


def _dated(placed: Mapping[str, Placed], redated: Redated) -> dict[str, Placed]:
    """The same, each with the date that the next release may take over."""
    return {
        path: one._replace(date=redated.dates[path][0], digest=redated.dates[path][1])
        if path in redated.dates
        else one
        for path, one in placed.items()
    }


def _room(found: dict[str, Node], free: int, former: Placement | None) -> geometry.Geometry:
    before = geometry.Geometry(former.groups, former.inodes_per_group) if former else None
    return geometry.fit(*takes(found.values()), free, before)


def _make_sparse(target: Path, size: int) -> None:
    with target.open("xb") as file:
        file.truncate(size)
