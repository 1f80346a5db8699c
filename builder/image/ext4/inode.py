# SPDX-License-Identifier: Apache-2.0
"""An inode's 256 bytes."""

from __future__ import annotations

import struct
from typing import NamedTuple

from builder.image.ext4.checksum import crc
from builder.image.ext4.geometry import BLOCK, INODE

EXTENTS = 0x80000
# The fields that all ext file systems have, and the 32 bytes of further ones.
_FIELDS = struct.Struct("<HHIIIIIHHII4x60s4xII4xHHHHHHHHIIIII8x")
_EXTRA = 32
_SECTORS = BLOCK // 512
_SUM_LOW, _SUM_HIGH = 0x7C, 0x82


class Inode(NamedTuple):
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
        record = bytearray(
            _FIELDS.pack(
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
                0,
                0,
                _EXTRA,
                0,
                extra,
                extra,
                extra,
                low,
                extra,
            )
        )
        record += self.attributes.ljust(INODE - len(record), b"\0")
        # It is taken with zeros in its own place.
        checksum = crc(seed, bytes(record)).to_bytes(4, "little")
        record[_SUM_LOW : _SUM_LOW + 2] = checksum[:2]
        record[_SUM_HIGH : _SUM_HIGH + 2] = checksum[2:]
        return bytes(record)


def device(major: int, minor: int) -> bytes:
    """What i_block holds for a device node."""
    if major < 256 and minor < 256:
        return struct.pack("<II", major << 8 | minor, 0)
    return struct.pack("<II", 0, (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12)
