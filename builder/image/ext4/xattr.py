# SPDX-License-Identifier: Apache-2.0
"""Extended attributes: behind the inode's fields where they fit, else in a block of their own."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from builder.errors import StepError
from builder.image.ext4.checksum import crc
from builder.image.ext4.geometry import BLOCK, INODE

_MAGIC = struct.pack("<I", 0xEA020000)
INLINE = INODE - 128 - 32
"""Bytes that an inode has left for them."""
_ENTRY = struct.Struct("<BBHIII")
_HEADER = 32
_PREFIXES = {"user.": 1, "trusted.": 4, "security.": 6, "system.": 7}
_ACLS = {"system.posix_acl_access": 2, "system.posix_acl_default": 3}
_NAMED = {0x02, 0x08}  # the kinds of ACL entries that name a user or group
_WORD = 0xFFFFFFFF


class Attribute(NamedTuple):
    """As the disk has it: the prefix as a number, the rest of the name, the value."""

    prefix: int
    name: bytes
    value: bytes


def attributes(pairs: Iterable[tuple[str, str]]) -> list[Attribute]:
    """A listing's pairs of name and hex value, in the order of the disk."""
    found = [_attribute(name, bytes.fromhex(value)) for name, value in pairs]
    return sorted(found, key=lambda a: (a.prefix, len(a.name), a.name))


def fits(found: list[Attribute]) -> bool:
    """Whether the inode itself has room for all."""
    need = len(_MAGIC) + 4 + sum(_entry(a) + _padded(a.value) for a in found)
    return need <= INLINE


def inline(found: list[Attribute]) -> bytes:
    """The bytes behind the inode's fields."""
    return (_MAGIC + _table(found, INLINE - len(_MAGIC), base=0)[0]).ljust(INLINE, b"\0")


def block(found: list[Attribute], number: int, seed: int) -> bytes:
    """The block with the number `number`; `seed` is the file system's."""
    table, hashes = _table(found, BLOCK - _HEADER, base=_HEADER)
    whole = 0
    for value in hashes:
        whole = ((whole << 16) ^ (whole >> 16) ^ value) & _WORD
    head = _MAGIC + struct.pack("<III", 1, 1, whole)
    body = head + bytes(4) + bytes(12) + table
    checksum = crc(crc(seed, number.to_bytes(8, "little")), body)
    return head + checksum.to_bytes(4, "little") + bytes(12) + table


def _table(found: list[Attribute], room: int, *, base: int) -> tuple[bytes, list[int]]:
    """Entries from the front, values from the back; `base` is what value offsets count from more."""
    entries, values, hashes = bytearray(), b"", []
    for one in found:
        values = one.value.ljust(_padded(one.value), b"\0") + values
        digest = _hash(one)
        hashes.append(digest)
        at = base + room - len(values)
        entries += _ENTRY.pack(len(one.name), one.prefix, at, 0, len(one.value), digest)
        entries += one.name.ljust(_entry(one) - _ENTRY.size, b"\0")
    if len(entries) + 4 + len(values) > room:
        raise StepError("the extended attributes of a file take more than one block of the file system")
    return bytes(entries).ljust(room - len(values), b"\0") + values, hashes


def _hash(one: Attribute) -> int:
    digest = 0
    for char in one.name:
        digest = ((digest << 5) ^ (digest >> 27) ^ char) & _WORD
    padded = one.value.ljust(_padded(one.value), b"\0")
    for (word,) in struct.iter_unpack("<I", padded):
        digest = ((digest << 16) ^ (digest >> 16) ^ word) & _WORD
    return digest


def _entry(one: Attribute) -> int:
    return _ENTRY.size + (len(one.name) + 3 & ~3)


def _padded(value: bytes) -> int:
    return len(value) + 3 & ~3


def _attribute(name: str, value: bytes) -> Attribute:
    if name in _ACLS:
        return Attribute(_ACLS[name], b"", _acl(value))
    for prefix, number in _PREFIXES.items():
        if name.startswith(prefix):
            return Attribute(number, name.removeprefix(prefix).encode(errors="surrogateescape"), value)
    raise StepError(f"ext4 cannot keep the extended attribute `{name}`")


def _acl(value: bytes) -> bytes:
    """The disk's form of an access control list: ids only where they mean something."""
    made = struct.pack("<I", 1)
    for tag, bits, name in struct.iter_unpack("<HHI", value[4:]):
        made += struct.pack("<HH", tag, bits)
        made += struct.pack("<I", name) if tag in _NAMED else b""
    return made
