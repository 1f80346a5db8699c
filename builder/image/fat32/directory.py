# SPDX-License-Identifier: Apache-2.0
"""The slots of a directory, 32 bytes each: long names in several, last part first, then the short one.

 0 short name · 11 attributes · 12 case · 13 creation, 10 ms · 14 creation time, date · 18 access date
20 cluster, high · 22 time, date · 26 cluster, low · 28 size
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Collection
from datetime import UTC, datetime

SLOT = 32
_ENTRY = struct.Struct("<11sBBBHHHHHHHI")
_PART = struct.Struct("<B10sBBB12sH4s")
_LONG_NAME = 0x0F
_LAST = 0x40
_CHARACTERS = 13
_STEM_LOWER, _EXTENSION_LOWER = 0x08, 0x10
VOLUME, DIRECTORY, FILE = 0x08, 0x10, 0x20
_SHORT = re.compile(r"([A-Z0-9!#$%&'()@^_`{}~-]{1,8})(?:\.([A-Z0-9!#$%&'()@^_`{}~-]{1,3}))?")
_OLDEST = 315532800  # 1980-01-01, where FAT's calendar begins


def slots(name: str) -> int:
    """How many slots a name takes."""
    return 1 if _case(name) is not None else 1 + -(-len(name) // _CHARACTERS)


def short_name(name: str, taken: Collection[bytes]) -> bytes:
    """The eleven bytes of the short form, like none of `taken`.

    A name that is short but for its case keeps itself: the Pi's boot ROM knows no other. All else gets two
    characters and a digest, which does not change when a neighbour comes or goes.
    """
    if found := _SHORT.fullmatch(name.upper()):
        plain = _packed(found[1], found[2] or "")
        if plain not in taken:
            return plain
    stem, _, extension = name.upper().rpartition(".") if "." in name[1:] else (name.upper(), "", "")
    digest = hashlib.sha256(name.encode()).hexdigest()[:4].upper()
    for number in range(1, 10):
        made = _packed(f"{_plain(stem)[:2]}{digest}~{number}", _plain(extension)[:3])
        if made not in taken:
            return made
    raise ValueError(f"no short name is left for `{name}`")


def entry(name: str, short: bytes, attributes: int, time: int, cluster: int, size: int) -> bytes:
    """All slots of one name; `time` in seconds since 1970, `size` in bytes."""
    case = _case(name)
    long = b"" if case is not None else _long(name, short)
    return long + plain(short, attributes, time, cluster, size, case or 0)


def plain(short: bytes, attributes: int, time: int, cluster: int, size: int = 0, case: int = 0) -> bytes:
    """The one slot of a short name; creation and access are told as `time` too."""
    date, clock = stamp(time)
    return _ENTRY.pack(
        short, attributes, case, 0, clock, date, date, cluster >> 16, clock, date, cluster & 0xFFFF, size
    )


def _case(name: str) -> int | None:
    """The byte that says which part of a short name is lower case; None for a name that needs a long one.

    So `bootcode.bin` has one slot, which who flashes a card renames: a long name would be left without its
    short one.
    """
    if not _SHORT.fullmatch(name.upper()):
        return None
    stem, _, extension = name.partition(".")
    case = 0
    for part, lower in ((stem, _STEM_LOWER), (extension, _EXTENSION_LOWER)):
        if part != part.upper():
            if part != part.lower():
                return None
            case |= lower
    return case


def stamp(time: int) -> tuple[int, int]:
    """Seconds since 1970 as FAT's date and time, UTC, in steps of two seconds."""
    at = datetime.fromtimestamp(max(time, _OLDEST), UTC)
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date, at.hour << 11 | at.minute << 5 | at.second // 2


def _packed(stem: str, extension: str) -> bytes:
    return stem.ljust(8).encode() + extension.ljust(3).encode()


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9_-]", "_", text)


def _long(name: str, short: bytes) -> bytes:
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    made = b""
    count = -(-len(name) // _CHARACTERS)
    for number in range(1, count + 1):
        part = name[(number - 1) * _CHARACTERS : number * _CHARACTERS]
        # One zero ends the name, ones fill what is left.
        text = (part.encode("utf-16-le") + b"\0\0").ljust(26, b"\xff")[:26]
        sequence = number | (_LAST if number == count else 0)
        made = _PART.pack(sequence, text[:10], _LONG_NAME, 0, total, text[10:22], 0, text[22:]) + made
    return made
