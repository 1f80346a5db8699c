# SPDX-License-Identifier: Apache-2.0
"""Where the parts of an sd-card image lie, in bytes; pure.

    0        MBR
    8 MiB    p1  FAT32 (0x0C)  bootfs  mounted on /boot/firmware
    …        p2  ext4  (0x83)  rootfs  to the end of the disk

Everything starts on 8 MiB, which is a multiple of every card's erase block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.errors import RecipeError
from builder.image.ext4size import Ext4Size, ext4_size
from builder.image.fatsize import fat_need, sectors_per_cluster
from builder.tree.entry import Entry

SECTOR = 512
MIB = 1 << 20
ALIGNMENT = 8 * MIB
DISK_UNIT = 4 * MIB
MBR_LIMIT = SECTOR << 32
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
    """A whole disk: `size` in bytes; what mke2fs must be told about the root is in `ext4`."""

    size: int
    boot: Partition
    root: Partition
    ext4: Ext4Size

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """In the order of their numbers."""
        return (self.boot, self.root)


def lay_out(entries: Iterable[Entry], *, boot_size: int, free: int) -> Layout:
    """The layout for a listing of the merged tree; `boot_size` and `free` in bytes.

    What lies below /boot/firmware goes to the first partition, all else to the second, which gets
    room for `free` more bytes. Raises RecipeError when a size cannot be had.
    """
    inside, root_entries = split(entries)
    boot_size = _up(boot_size, ALIGNMENT)
    _check_boot(inside, boot_size)
    ext4 = ext4_size(root_entries, free)
    root_start = ALIGNMENT + boot_size
    size = _up(root_start + ext4.bytes, DISK_UNIT)
    if size > MBR_LIMIT:
        raise RecipeError(
            f"an image of {size // MIB} MiB is more than a partition table of a Pi can hold",
            hint="lower `free` of the image output",
        )
    return Layout(
        size=size,
        boot=Partition(1, ALIGNMENT, boot_size, 0x0C, "vfat", "bootfs", f"/{BOOT_MOUNT}"),
        root=Partition(2, root_start, size - root_start, 0x83, "ext4", "rootfs", "/"),
        ext4=ext4,
    )


def split(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What belongs into the boot partition, and the rest; the mount point itself stays in the rest."""
    inside: list[Entry] = []
    rest: list[Entry] = []
    for entry in entries:
        (inside if entry.path.startswith(BOOT_MOUNT + "/") else rest).append(entry)
    return inside, rest


def _check_boot(inside: list[Entry], boot_size: int) -> None:
    cluster = sectors_per_cluster(boot_size) * SECTOR
    need = fat_need(inside, cluster)
    # 2 % stand for the file allocation tables.
    if need > boot_size - boot_size // 50:
        raise RecipeError(
            f"the boot partition of {boot_size // MIB} MiB is too small",
            facts=[f"/{BOOT_MOUNT} holds {need / MIB:.1f} MiB"],
            hint="raise `boot_size` of the image output",
        )


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
