# SPDX-License-Identifier: Apache-2.0
"""The compressed image: a zstd frame for each 16 MiB, so that any part can be had, or kept, by itself.

    frame, frame, …                                     plain zstd, as any decoder reads it
    skippable frame: {"format":1,"made_by":"…","level":3,"frames":[[size,"sha256"],…]}, its size, "nbfr"

Decoders pass over the last one. It tells how long each frame is and what its compressed bytes hash to.
Which bytes of the image a frame holds, the block index tells: 256 of its blocks.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from builder.release.index import BLOCK_SIZE, Index

FORMAT = 1
FRAME = 16 << 20
"""Bytes of the image in a frame; the last may have less."""
_MAGIC = 0x184D2A5E
_MARK = b"nbfr"
_HEAD = struct.Struct("<II")
_FOOT = struct.Struct("<I4s")
_LARGEST = 64 << 20
_HASHES = FRAME // BLOCK_SIZE * 32


@dataclass(frozen=True)
class Frame:
    """`size` in compressed bytes, `sha256` theirs in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Frames:
    """All frames in order; what made them, by name, and the level of compression."""

    made_by: str
    level: int
    frames: tuple[Frame, ...]


def keys(index: Index) -> list[bytes]:
    """What each frame of an image holds: the hashes of its blocks."""
    return [index.hashes[at : at + _HASHES] for at in range(0, len(index.hashes), _HASHES)]


def dump(frames: Frames) -> bytes:
    """The skippable frame that ends the file."""
    told = {
        "format": FORMAT,
        "made_by": frames.made_by,
        "level": frames.level,
        "frames": [[frame.size, frame.sha256] for frame in frames.frames],
    }
    body = json.dumps(told, separators=(",", ":")).encode()
    body += _FOOT.pack(len(body) + _FOOT.size, _MARK)
    return _HEAD.pack(_MAGIC, len(body)) + body


def read(path: Path) -> Frames | None:
    """The frames of a compressed image; None where it does not tell, or is not whole."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(end - _FOOT.size)
            size, mark = _FOOT.unpack(file.read())
            if mark != _MARK or size > _LARGEST:
                return None
            file.seek(end - size)
            told = json.loads(file.read(size - _FOOT.size))
        if told["format"] != FORMAT:
            return None
        frames = tuple(Frame(int(length), str(sha256)) for length, sha256 in told["frames"])
        whole = sum(frame.size for frame in frames) + _HEAD.size + size == end
        return Frames(str(told["made_by"]), int(told["level"]), frames) if whole else None
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None
