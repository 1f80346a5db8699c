# SPDX-License-Identifier: Apache-2.0
"""What an ARM program says that it needs of the processor: the build attributes of its ELF file.

Source: Arm, "Addenda to, and Errata in, the ABI for the Arm Architecture", Build Attributes. A linker
merges those of all parts, so the most demanding part speaks for the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ATTRIBUTES = 0x70000003
_MACHINE = 40
# Those that a program in a wrong package would be for: 32-bit x86, ARM, 64-bit x86, 64-bit ARM.
_PROCESSORS = frozenset({3, _MACHINE, 62, 183})
_HEADER = 52
_ARCH, _THUMB, _FP, _SIMD = 6, 9, 10, 12
_COMPATIBILITY = 32
# CPU_arch as numbered there. v6T2 brings Thumb-2, which is why it is not among them.
_NAMES = ("pre-v4", "v4", "v4T", "v5T", "v5TE", "v5TEJ", "v6", "v6KZ", "v6T2", "v6K", "v7")
_UP_TO_V6 = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 9})
_THUMB_2 = 2
_VFP_2 = 2


@dataclass(frozen=True)
class Needs:
    """What a file needs, by the numbers of the ABI; what it does not mention is 0."""

    arch: int
    thumb: int
    fp: int
    simd: int

    def beyond_v6(self) -> list[str]:
        """What of it an ARMv6 processor, a Pi Zero's ARM1176, does not have."""
        found = []
        if self.arch not in _UP_TO_V6:
            name = _NAMES[self.arch] if self.arch < len(_NAMES) else f"beyond v7 ({self.arch})"
            found.append(f"architecture {name}")
        if self.thumb == _THUMB_2:
            found.append("Thumb-2")
        if self.fp > _VFP_2:
            found.append("a floating point unit beyond VFPv2")
        if self.simd:
            found.append("NEON")
        return found


def is_elf(start: bytes) -> bool:
    """Whether a file that starts so is an ELF file."""
    return start.startswith(b"\x7fELF")


def is_firmware(data: bytes) -> bool:
    """Whether the ELF file `data` is for a chip of its own, as the firmware of a Pi's GPU is."""
    return len(data) > _HEADER and _machine(data) not in _PROCESSORS


def _machine(data: bytes) -> int:
    (machine,) = struct.unpack_from("<H", data, 18)
    return int(machine)


def needs(data: bytes) -> Needs | None:
    """What the ELF file `data` needs, None when it says nothing. Raises ValueError: not for 32-bit ARM."""
    if len(data) < _HEADER or data[4:6] != b"\1\1" or _machine(data) != _MACHINE:
        raise ValueError("no little-endian 32-bit ARM program")
    try:
        return _needs(data)
    except (struct.error, IndexError) as error:
        raise ValueError(f"a damaged ELF file: {error}") from error


def _needs(data: bytes) -> Needs | None:
    (table,) = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    for n in range(count):
        kind, _, _, at, length = struct.unpack_from("<5I", data, table + n * size + 4)
        if kind == _ATTRIBUTES:
            found = dict(_attributes(data[at : at + length]))
            return Needs(*(found.get(tag, 0) for tag in (_ARCH, _THUMB, _FP, _SIMD)))
    return None


def _attributes(section: bytes) -> Iterator[tuple[int, int]]:
    """Tags with numbers, of the whole file, from the subsection of the ABI itself."""
    at = 1
    while at < len(section):
        length = _length(section, at)
        vendor, _, body = section[at + 4 : at + length].partition(b"\0")
        if vendor == b"aeabi":
            yield from _of_file(body)
        at += length


def _of_file(body: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(body):
        scope, length = body[at], _length(body, at + 1)
        if scope == 1:
            yield from _pairs(body[at + 5 : at + length])
        at += length


def _length(data: bytes, at: int) -> int:
    """The length of what begins at or before `at`; it counts itself, so it leads on."""
    (length,) = struct.unpack_from("<I", data, at)
    if length < 4:
        raise IndexError("a part without a length")
    return int(length)


def _pairs(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        # From 32 on, odd tags have texts; before, only those of names; one has both.
        is_text = tag in (4, 5) or (tag > _COMPATIBILITY and tag % 2 == 1)
        if not is_text:
            value, at = _number(data, at)
            yield tag, value
        if is_text or tag == _COMPATIBILITY:
            at = data.index(b"\0", at) + 1


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
