# SPDX-License-Identifier: Apache-2.0
"""A release on this machine as a source of the flasher: its raw image, or the compressed one by frames."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from builder.errors import NodebakeError
from builder.flash.agent.source import absent, limited
from builder.host.process import run
from builder.release.frames import FRAME, Frames
from builder.release.frames import read as read_frames


class Folder:
    """The files of a release in a folder. Several cards may be written from one, each with its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.moved = 0

    def small(self, name: str, limit: int) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                return limited(file.read(limit + 1), name, limit)
        except OSError as error:
            raise absent(name, str(self._folder), (error.strerror or str(error)).lower()) from error

    def read(self, name: str, start: int, size: int) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            raise absent(name, str(self._folder), (error.strerror or str(error)).lower()) from error
        if len(data) != size:
            raise absent(name, str(self._folder), f"it ends at {start + len(data)} bytes")
        self.moved += size
        return data


class Packed(Folder):
    """A folder that holds the image compressed, and is asked for parts of the raw one.

    The frame that was unpacked last is kept: cards are written from front to back.
    """

    def __init__(self, folder: Path, packed: str) -> None:
        super().__init__(folder)
        self._packed = packed
        self._frames = _frames(folder / packed)
        self._starts = [0]
        for frame in self._frames.frames:
            self._starts.append(self._starts[-1] + frame.size)
        self._kept: tuple[int, bytes] = (-1, b"")
        self._lock = Lock()

    def read(self, name: str, start: int, size: int) -> bytes:
        parts = []
        with self._lock:
            while size:
                number, skip = divmod(start, FRAME)
                part = self._frame(number)[skip : skip + size]
                if not part:
                    raise absent(name, self._packed, f"it ends at {start} bytes")
                parts.append(part)
                start, size = start + len(part), size - len(part)
        return b"".join(parts)

    def _frame(self, number: int) -> bytes:
        if self._kept[0] != number:
            if number >= len(self._frames.frames):
                return b""
            packed = super().read(self._packed, self._starts[number], self._frames.frames[number].size)
            self._kept = (number, run(["zstd", "-q", "-d", "-c"], stdin=packed).stdout)
        return self._kept[1]


def _frames(path: Path) -> Frames:
    found = read_frames(path)
    if found is None:
        raise NodebakeError(
            f"`{path}` does not tell where its parts are",
            facts=["it was not compressed by nodebake, or is not whole"],
            hint=f"unpack it, and write that: zstd -d {path.name}",
        )
    return found
