# SPDX-License-Identifier: Apache-2.0
"""How many sectors of a FAT32 are what, and what files take in it; pure. Sectors are 512 bytes.

0 boot sector · 1 information · 6 and 7 their copies · 32 first table · second table · clusters
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.errors import RecipeError
from builder.image.fat32.directory import slots
from builder.tree.entry import Entry, Kind

SECTOR = 512
RESERVED = 32
FIRST_CLUSTER = 2
_FEWEST_CLUSTERS = 65525
_LARGEST = 8


@dataclass(frozen=True)
class Geometry:
    """`sectors` in all, `table` in each of the two tables, `per_cluster` in each cluster."""

    sectors: int
    table: int
    per_cluster: int

    @property
    def cluster(self) -> int:
        """Bytes of a cluster."""
        return self.per_cluster * SECTOR

    @property
    def data(self) -> int:
        """The first sector of the first cluster."""
        return RESERVED + 2 * self.table

    @property
    def clusters(self) -> int:
        """How many there are."""
        return (self.sectors - self.data) // self.per_cluster


def geometry(size: int) -> Geometry:
    """That of a file system of `size` bytes, with the largest clusters up to 4 KiB that still make a FAT32.

    A FAT with fewer than 65525 clusters *is* a FAT16, whatever its header says. Raises RecipeError.
    """
    per_cluster = _LARGEST
    while per_cluster:
        sectors = size // SECTOR
        entries = sectors // per_cluster + FIRST_CLUSTER
        # The tables end where a cluster of any size begins.
        table = -(-entries * 4 // (SECTOR * _LARGEST)) * _LARGEST
        found = Geometry(sectors, table, per_cluster)
        if found.clusters >= _FEWEST_CLUSTERS:
            return found
        per_cluster //= 2
    raise RecipeError(
        f"a boot partition of {size >> 20} MiB is too small for FAT32",
        hint="set `boot_size` of the image output to 64 MiB or more",
    )


def need(entries: Iterable[Entry], top: str, cluster: int) -> int:
    """Clusters of `cluster` bytes that the entries below the directory `top` take, with its own."""
    used = 0
    directories = {top: 1}  # the volume's name
    for entry in entries:
        parent, _, name = entry.path.rpartition("/")
        directories[parent] = directories.get(parent, 2) + slots(name)
        if entry.kind == Kind.DIRECTORY:
            directories.setdefault(entry.path, 2)
        else:
            used += -(-entry.size // cluster)
    return used + sum(-(-count * 32 // cluster) for count in directories.values())
