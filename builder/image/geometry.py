# SPDX-License-Identifier: Apache-2.0
"""What the release manifest says about an image's partitions."""

from __future__ import annotations

from builder.image.identity import Identity
from builder.image.layout import IDENTITY_SIZE, IDENTITY_START, Layout
from builder.release.manifest import Image, ImagePartition, Slot


def geometry(layout: Layout, identity: Identity, bootcode: int) -> Image:
    """The image as the manifest tells it; `bootcode` is where the name of that file stands, 0 for nowhere."""
    uuids = {1: identity.boot_uuid, 2: identity.root_uuid}
    return Image(
        size=layout.size,
        disk_id=f"{identity.disk_id:08x}",
        partitions=tuple(
            ImagePartition(
                number=partition.number,
                start=partition.start,
                size=partition.size,
                type=f"{partition.type:02x}",
                filesystem=partition.filesystem,
                label=partition.label,
                uuid=uuids[partition.number],
                partuuid=identity.partuuid(partition.number),
                mount=partition.mount,
            )
            for partition in layout.partitions
        ),
        identity=Slot(IDENTITY_START, IDENTITY_SIZE),
        bootcode=bootcode,
    )
