# SPDX-License-Identifier: Apache-2.0
"""Where the parts of an sd-card image lie, in bytes; pure.

    0        MBR
    4 MiB    256 KiB for what makes a card one node's, zeros until it is flashed
    8 MiB    p1  FAT32 (0x0C)  bootfs  mounted on /boot/firmware
    …        p2  ext4  (0x83)  rootfs  to the end of the disk

Everything starts on 8 MiB, which is a multiple of every card's erase block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.errors import RecipeError
from builder.image.ext4 import geometry as ext4
from builder.image.fat32 import geometry as fat32
from builder.image.placement import Placement
from builder.tree.entry import Entry

SECTOR = 512
MIB = 1 << 20
ALIGNMENT = 8 * MIB
MBR_LIMIT = SECTOR << 32
IDENTITY_START, IDENTITY_SIZE = 4 * MIB, 256 << 10
"""Left to whoever writes the image to a card; outside of all file systems, so nothing else changes it."""
BOOT_MOUNT = "boot/firmware"


@dataclass(frozen=True)
class Partition:
    """One partition: `start` and `size` in bytes, `type` the byte of the MBR, `mount` absolute."""

    number: int
    start: int
    size: int
    type: int
    filesystem: str
    label: str
    mount: str

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.size


@dataclass(frozen=True)
class Layout:
    """A whole disk: `size` in bytes, and how its two file systems are divided."""

    size: int
    boot: Partition
    root: Partition
    fat32: fat32.Geometry
    ext4: ext4.Geometry

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """In the order of their numbers."""
        return (self.boot, self.root)


def lay_out(boot_size: int, root: ext4.Geometry) -> Layout:
    """The layout of a disk with a boot partition of at least `boot_size` bytes and such a root.

    Raises RecipeError when a size cannot be had.
    """
    boot_size = -(-boot_size // ALIGNMENT) * ALIGNMENT
    boot = fat32.geometry(boot_size)
    root_start = ALIGNMENT + boot_size
    size = root_start + root.bytes
    if size > MBR_LIMIT:
        raise RecipeError(
            f"an image of {size // MIB} MiB is more than a partition table of a Pi can hold",
            hint="lower `free` of the image output",
        )
    return Layout(
        size=size,
        boot=Partition(1, ALIGNMENT, boot_size, 0x0C, "vfat", "bootfs", f"/{BOOT_MOUNT}"),
        root=Partition(2, root_start, root.bytes, 0x83, "ext4", "rootfs", "/"),
        fat32=boot,
        ext4=root,
    )


def layout_of(placement: Placement) -> Layout:
    """The layout of an image by its placement."""
    return lay_out(placement.boot_size, ext4.Geometry(placement.groups, placement.inodes_per_group))


def in_boot(entry: Entry) -> bool:
    """Whether an entry belongs into the boot partition; the mount point itself does not."""
    return entry.path.startswith(BOOT_MOUNT + "/")


def check_boot(inside: Iterable[Entry], layout: Layout) -> None:
    """Raise RecipeError when the boot partition has no room for these entries."""
    need = fat32.need(inside, BOOT_MOUNT, layout.fat32.cluster)
    if need > layout.fat32.clusters:
        raise RecipeError(
            f"the boot partition of {layout.boot.size // MIB} MiB is too small",
            facts=[f"/{BOOT_MOUNT} holds {need * layout.fat32.cluster / MIB:.1f} MiB"],
            hint="raise `boot_size` of the image output",
        )
