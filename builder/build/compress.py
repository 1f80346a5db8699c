# SPDX-License-Identifier: Apache-2.0
"""The image compressed frame by frame; those that the release before has too are taken from there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from builder.errors import NodebakeError
from builder.release import index as block_index
from builder.release.frames import FRAME, Frame, Frames, dump, keys, read
from builder.release.index import Index

Zstd = Callable[[bytes], bytes]
"""Compresses the content of one frame."""


@dataclass(frozen=True)
class Kept:
    """The frames of a former release by what they hold: where they are in `file`."""

    file: Path | None = None
    frames: Mapping[bytes, tuple[int, Frame]] = field(default_factory=dict)

    def get(self, key: bytes) -> bytes | None:
        """A frame's compressed bytes, if they are there and still what they were."""
        if self.file is None or key not in self.frames:
            return None
        at, frame = self.frames[key]
        with self.file.open("rb") as file:
            file.seek(at)
            data = file.read(frame.size)
        return data if hashlib.sha256(data).hexdigest() == frame.sha256 else None


def kept(folder: Path, made_by: str, level: int) -> Kept:
    """What a former release in `folder` has to give; nothing if another program or level made it."""
    for compressed in sorted(folder.glob("*.img.zst")):
        frames = read(compressed)
        if frames is None or (frames.made_by, frames.level) != (made_by, level):
            continue
        try:
            index = block_index.parse(compressed.with_suffix(".index").read_bytes())
        except (OSError, NodebakeError):
            continue
        return Kept(compressed, dict(zip(keys(index), _places(frames), strict=False)))
    return Kept()


def compress(
    image: Path, target: Path, index: Index, former: Kept, made_by: str, level: int, zstd: Zstd, jobs: int
) -> None:
    """Write `target`. `made_by` names the program behind `zstd`."""
    frames: list[Frame] = []
    wanted = keys(index)
    empty = {key: b"" for key in wanted if len(set(_hashes(key))) == 1 and wanted.count(key) > 1}
    with image.open("rb") as source, target.open("xb") as out, ThreadPoolExecutor(jobs) as pool:
        one = partial(_frame, source.fileno(), former, empty, zstd)
        for data in _ahead(pool, one, wanted, jobs):
            out.write(data)
            frames.append(Frame(len(data), hashlib.sha256(data).hexdigest()))
        out.write(dump(Frames(made_by, level, tuple(frames))))


def _frame(
    source: int, former: Kept, repeated: dict[bytes, bytes], zstd: Zstd, number: int, key: bytes
) -> bytes:
    """The compressed bytes of one frame. `repeated` are those worth keeping in memory: all zeros, say."""
    found = repeated.get(key) or former.get(key)
    if found is None:
        found = zstd(os.pread(source, FRAME, number * FRAME))
    if key in repeated:
        repeated[key] = found
    return found


def _ahead(
    pool: ThreadPoolExecutor, one: Callable[[int, bytes], bytes], wanted: list[bytes], jobs: int
) -> Iterator[bytes]:
    """Frames in order, no more than `jobs` and one made ahead, for each takes memory."""
    pending = []
    for number, key in enumerate(wanted):
        pending.append(pool.submit(one, number, key))
        if len(pending) > jobs:
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _hashes(key: bytes) -> Iterator[bytes]:
    return (key[at : at + 32] for at in range(0, len(key), 32))


def _places(frames: Frames) -> Iterator[tuple[int, Frame]]:
    at = 0
    for frame in frames.frames:
        yield at, frame
        at += frame.size
