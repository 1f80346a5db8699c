# SPDX-License-Identifier: Apache-2.0
"""ELF files of a header, one section of build attributes, and its table."""

from __future__ import annotations

import struct

ATTRIBUTES = 0x70000003


def arm_elf(*tags: bytes, machine: int = 40, kind: int = ATTRIBUTES) -> bytes:
    """A file for 32-bit ARM whose linker noted `tags`, each a tag with its value."""
    body = b"".join(tags)
    of_file = b"\1" + struct.pack("<I", 5 + len(body)) + body
    vendor = b"aeabi\0" + of_file
    section = b"A" + struct.pack("<I", 4 + len(vendor)) + vendor
    header = b"\x7fELF\1\1\1" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 3, machine, 1, 0, 0, 52 + len(section), 0, 52, 32, 0, 40, 1, 0)
    return header + section + struct.pack("<10I", 0, kind, 0, 0, 52, len(section), 0, 0, 1, 0)
