# SPDX-License-Identifier: Apache-2.0
"""A tree becomes an sd-card image, each part written at its place: no part images, no copies, no root."""

from __future__ import annotations

from pathlib import Path

from builder.image.ext4 import make_ext4
from builder.image.fat import make_fat
from builder.image.identity import Identity
from builder.image.layout import Layout
from builder.image.table import write_table
from builder.image.tools import Tools


def assemble(
    target: Path, tree: Path, boot: Path, *, layout: Layout, identity: Identity, epoch: int, tools: Tools
) -> None:
    """Write the image `target`, which must not exist yet.

    `tree` is the root file system without what `boot` holds; `epoch` in seconds since 1970. A failure
    leaves the unfinished file to the caller, who owns the directory.
    """
    _make_sparse(target, layout.size)
    write_table(target, layout, identity.disk_id)
    make_fat(target, boot, layout=layout, identity=identity, epoch=epoch, tools=tools)
    make_ext4(target, tree, layout=layout, identity=identity, epoch=epoch, tools=tools)


def _make_sparse(target: Path, size: int) -> None:
    with target.open("xb") as file:
        file.truncate(size)
