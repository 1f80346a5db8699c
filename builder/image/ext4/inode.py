# SPDX-License-Identifier: Apache-2.0
"""An inode's 256 bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from builder.image.ext4.checksum import crc
from builder.image.ext4.geometry import BLOCK

EXTENTS = 0x80000
_HEAD = struct.Struct("<HHIIIIIHHII4x60s4xII4xHHHHHH")
_TAIL = struct.Struct("<HHIIIII8x")
_EXTRA = 32
_SECTORS = BLOCK // 512


@dataclass(frozen=True)
class Inode:
    """`mode` with the file type; `size` in bytes; `blocks` all that it takes; `map` what i_block holds.

    All its times are `time`, seconds since 1970: when a file was put into an image is nobody's business
    and would change every inode with each release.
    """

    mode: int
    uid: int
    gid: int
    time: int
    links: int
    size: int = 0
    blocks: int = 0
    flags: int = 0
    map: bytes = b""
    attribute_block: int = 0
    attributes: bytes = b""

    def encode(self, seed: int) -> bytes:
        """The record; `seed` is the inode's."""
        low = self.time & 0xFFFFFFFF
        # Bits 32 and 33 of the time, counted from the signed low word.
        extra = (self.time - (low - ((low & 0x80000000) << 1)) >> 32) & 3
        bare = self._record(low, extra, 0)
        return self._record(low, extra, crc(seed, bare))

    def _record(self, low: int, extra: int, checksum: int) -> bytes:
        head = _HEAD.pack(
            self.mode,
            self.uid & 0xFFFF,
            self.size & 0xFFFFFFFF,
            low,
            low,
            low,
            0,
            self.gid & 0xFFFF,
            self.links,
            self.blocks * _SECTORS,
            self.flags,
            self.map,
            self.attribute_block,
            self.size >> 32,
            0,
            0,
            self.uid >> 16,
            self.gid >> 16,
            checksum & 0xFFFF,
            0,
        )
        tail = _TAIL.pack(_EXTRA, checksum >> 16, extra, extra, extra, low, extra)
        return (head + tail + self.attributes).ljust(256, b"\0")


def device(major: int, minor: int) -> bytes:
    """What i_block holds for a device node."""
    if major < 256 and minor < 256:
        return struct.pack("<II", major << 8 | minor, 0)
    return struct.pack("<II", 0, (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12)
