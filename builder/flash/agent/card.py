# SPDX-License-Identifier: Apache-2.0
"""What is on a card now, and whether it may be written to."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import RefusedError
from builder.flash.agent import label, table
from builder.flash.agent.direct import UNIT, Device
from builder.flash.agent.label import Label
from builder.flash.agent.release import Release
from builder.flash.agent.table import Part

HEAD = 1 << 20
"""Bytes at the beginning that hold the table and the label, and nothing else."""
DATA = "nodebake-docker"
_MAKER, _MADE_BY = slice(3, 11), b"nodebake"
_MAGIC, _EXT4 = slice(1024 + 0x38, 1024 + 0x3A), b"\x53\xef"
_NAME = slice(1024 + 0x78, 1024 + 0x88)
_TYPES = {0x07: "exFAT or NTFS", 0x0B: "FAT32", 0x0C: "FAT32", 0x83: "Linux", 0xEE: "GPT"}


@dataclass(frozen=True)
class Found:
    """What is on a card. `data` is docker's partition; `ours` also of one that holds nothing."""

    size: int
    parts: tuple[Part, ...]
    label: Label | None
    ours: bool
    data: Part | None

    @property
    def release(self) -> Label | None:
        """The label of the release that is there, all of it: the table comes last."""
        return self.label if self.label and self.label.state == "whole" and self.parts else None


@dataclass(frozen=True)
class Allowed:
    """What whoever ordered allows, as in an order."""

    take_card: bool
    older: bool
    keep_data: bool


def look(device: Device) -> Found:
    """Read what is on a device."""
    if device.size < HEAD:
        return Found(device.size, (), None, ours=True, data=None)
    head = bytes(device.read(0, HEAD))
    there = label.parse(head[label.START : label.START + label.SIZE])
    parts = tuple(part for part in table.parts(head[:512]) if part.start + part.size <= device.size)
    starts = [(part, _start(device, part)) for part in parts]
    # Who divides a card anew with other tools leaves the label as it was: what has a table is told by that.
    own = any(start[_MAKER] == _MADE_BY for _, start in starts) if parts else bool(there) or not any(head)
    data = next((part for part, start in starts if _is_data(start)), None)
    if not parts and there:
        data = there.data
    return Found(device.size, parts, there, own, data)


def allow(found: Found, release: Release, path: str, allowed: Allowed) -> None:
    """Raise RefusedError when the release may not go onto such a card."""
    if found.size < release.image_size:
        raise RefusedError(
            f"`{path}` is too small for `{release.label}`",
            facts=[f"the image has {_mib(release.image_size)}, the card {_mib(found.size)}"],
            hint="take a larger card, or lower `free` of the image output",
        )
    if not found.ours and not allowed.take_card:
        parts = [
            f"partition {part.number}: {_mib(part.size)}, {_TYPES.get(part.type, f'type {part.type:02x}')}"
            for part in found.parts
        ]
        raise RefusedError(
            f"`{path}` holds something that nodebake has not written",
            facts=parts or ["it has no partition table, but it is not empty"],
            hint="`--take-card` writes over it",
        )
    former = found.release
    if former and former.epoch > release.epoch and not allowed.older:
        raise RefusedError(
            f"`{path}` holds `{former.release}`, which is newer than `{release.label}`",
            hint="`--older` puts the older one there",
        )
    if allowed.keep_data:
        _keeps(found.data, release, path)


def _keeps(data: Part | None, release: Release, path: str) -> None:
    if data is None:
        raise RefusedError(
            f"`{path}` has no partition labelled `{DATA}`",
            hint="leave `--keep-data` out: there is none to keep",
        )
    if data.start < release.image_size:
        raise RefusedError(
            f"docker's data on `{path}` lies where `{release.label}` is to be",
            facts=[f"it begins at {_mib(data.start)}, the image has {_mib(release.image_size)}"],
            hint="copy it elsewhere first, and leave `--keep-data` out",
        )


def _is_data(start: bytes) -> bool:
    """Whether a partition that begins so is docker's: an ext4 of that label."""
    return start[_MAGIC] == _EXT4 and start[_NAME].rstrip(b"\0") == DATA.encode()


def _start(device: Device, part: Part) -> bytes:
    """The first bytes of a partition, which may begin at any sector; what is read begins at a whole unit."""
    first = part.start // UNIT * UNIT
    whole = device.read(first, min(2 * UNIT, device.size // UNIT * UNIT - first))
    return bytes(whole[part.start - first :])


def _mib(size: int) -> str:
    return f"{size >> 20} MiB"
