# SPDX-License-Identifier: Apache-2.0
"""The checksums of ext4's metadata_csum: crc32c, begun with a seed and not inverted at the end."""

from __future__ import annotations

import google_crc32c

_ALL = 0xFFFFFFFF


def crc(seed: int, data: bytes) -> int:
    """The checksum of `data`, going on from `seed`."""
    # The library inverts before and after, as the rest of the world does.
    return int(google_crc32c.extend(seed ^ _ALL, data)) ^ _ALL


def file_system_seed(uuid: bytes) -> int:
    """What the checksums of one file system begin with."""
    return crc(_ALL, uuid)


def superblock(data: bytes) -> int:
    """That of the superblock's first 1020 bytes."""
    return crc(_ALL, data)


def inode_seed(seed: int, number: int) -> int:
    """What the checksums of one inode and its blocks begin with; generations are all 0."""
    return crc(seed, number.to_bytes(4, "little") + bytes(4))
