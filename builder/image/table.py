# SPDX-License-Identifier: Apache-2.0
"""The partition table, written by libparted."""

from __future__ import annotations

from pathlib import Path

import parted

from builder.errors import StepError
from builder.image.layout import SECTOR, Layout, Partition

_DISK_ID = 0x1B8
_FILESYSTEM = {"vfat": "fat32", "ext4": "ext4"}


def write_table(image: Path, layout: Layout, disk_id: int) -> None:
    """Write the MBR of `layout` into a regular file of the right size."""
    try:
        _write(image, layout)
    except parted.PartedException as error:
        raise StepError(f"libparted cannot write a partition table to `{image}`: {error}") from error
    # libparted makes up a random disk id and has no setter; before it, it puts a boot program for PCs. No
    # Pi runs that, and it is what this machine's version of libparted brings along, not what the lock names.
    with image.open("r+b") as file:
        file.write(bytes(_DISK_ID) + disk_id.to_bytes(4, "little"))


def _write(image: Path, layout: Layout) -> None:
    device = parted.getDevice(str(image))
    try:
        disk = parted.freshDisk(device, "msdos")
        for partition in layout.partitions:
            _add(disk, device, partition)
        # commit() would also tell the kernel, which knows nothing of a regular file.
        disk.commitToDevice()
    finally:
        device.removeFromCache()


def _add(disk: parted.Disk, device: parted.Device, partition: Partition) -> None:
    geometry = parted.Geometry(device, start=partition.start // SECTOR, length=partition.size // SECTOR)
    filesystem = parted.FileSystem(type=_FILESYSTEM[partition.filesystem], geometry=geometry)
    new = parted.Partition(disk, parted.PARTITION_NORMAL, filesystem, geometry)
    # The exact place: libparted would otherwise round to cylinders.
    disk.addPartition(new, constraint=parted.Constraint(exactGeom=geometry))
    if partition.type == 0x0C:
        new.setFlag(parted.PARTITION_LBA)
        new.setFlag(parted.PARTITION_BOOT)
