# SPDX-License-Identifier: Apache-2.0
"""How large the clusters of a FAT32 must be, and what files take in it; pure."""

from __future__ import annotations

from collections.abc import Iterable

from builder.errors import RecipeError
from builder.tree.entry import Entry, Kind

_SECTOR = 512
_RESERVED_SECTORS = 32
_FEWEST_CLUSTERS = 65525
_LARGEST = 8


def sectors_per_cluster(size: int) -> int:
    """The largest cluster up to 4 KiB, in sectors, with which `size` bytes are still a FAT32.

    A FAT with fewer than 65525 clusters *is* a FAT16, whatever its header says.
    """
    per_cluster = _LARGEST
    while per_cluster and clusters(size, per_cluster) < _FEWEST_CLUSTERS:
        per_cluster //= 2
    if not per_cluster:
        raise RecipeError(
            f"a boot partition of {size >> 20} MiB is too small for FAT32",
            hint="set `boot_size` of the image output to 64 MiB or more",
        )
    return per_cluster


def clusters(size: int, per_cluster: int) -> int:
    """A lower bound of the clusters that mkfs.fat makes of `size` bytes."""
    sectors = size // _SECTOR
    table = -(-(sectors // per_cluster + 2) * 4 // _SECTOR)
    # mkfs.fat aligns the reserved sectors and both tables to clusters.
    overhead = _RESERVED_SECTORS + 2 * (table + per_cluster) + per_cluster
    return (sectors - overhead) // per_cluster


def fat_need(entries: Iterable[Entry], cluster: int) -> int:
    """Bytes that files and directories take, rounded to clusters."""
    total = cluster
    for entry in entries:
        # A name takes up to 21 slots of 32 bytes in its directory.
        slots = 2 + len(entry.path.rpartition("/")[2]) // 13
        total += slots * 32
        if entry.kind == Kind.DIRECTORY:
            total += 2 * cluster
        else:
            total += -(-entry.size // cluster) * cluster
    return total
