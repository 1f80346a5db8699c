# SPDX-License-Identifier: Apache-2.0
"""A device, read and written past the page cache: what is read is what the card has.

Memory and offsets must be aligned for that, so all goes through buffers of whole pages and in multiples of
4 KiB.
"""

from __future__ import annotations

import errno
import os
import stat
from mmap import mmap
from pathlib import Path

from builder.errors import NodebakeError, RefusedError
from builder.flash.agent import machine

UNIT = 4096
GROUP = 4 << 20
"""Bytes that are read or written at once at most: a card's erase block."""


class Reader:
    """Reads a device or file that somebody has open to write to it; `group` is the most bytes at once."""

    def __init__(self, path: str, group: int) -> None:
        """Raises NodebakeError when it cannot be opened."""
        self._set_up(path, _opened(path, os.O_RDONLY), group)

    def _set_up(self, path: str, descriptor: int, group: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._buffer = mmap(-1, group)

    def read(self, start: int, size: int) -> memoryview:
        """`size` bytes at `start`, as they are on the card; they hold until the next read or write.

        Raises NodebakeError when the card does not give them.
        """
        view = memoryview(self._buffer)[:size]
        try:
            got = os.preadv(self._descriptor, [view], start)
        except OSError as error:
            raise _failing(self.path, "read", start, error) from error
        if got != size:
            raise _failing(self.path, "read", start, OSError(errno.EIO, f"{got} of {size} bytes"))
        return view

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


class Device(Reader):
    """An open device or file that nobody else may have open at the same time for the same purpose."""

    def __init__(self, path: str) -> None:
        """Raises RefusedError when it is in use, NodebakeError when it cannot be opened."""
        # O_EXCL: the kernel refuses a device that is mounted, swapped to, or part of another one.
        self._set_up(path, _opened(path, os.O_RDWR, os.O_EXCL), GROUP)
        self.written = 0
        self.size = machine.size(self._descriptor)

    def write(self, start: int, data: bytes | memoryview) -> None:
        """Write at `start`. Raises NodebakeError when the card does not take it."""
        for skip in range(0, len(data), GROUP):
            part = data[skip : skip + GROUP]
            self._buffer[: len(part)] = part
            view = memoryview(self._buffer)[: len(part)]
            try:
                put = os.pwrite(self._descriptor, view, start + skip)
            except OSError as error:
                raise _failing(self.path, "written", start + skip, error) from error
            if put != len(part):
                raise _failing(self.path, "written", start, OSError(errno.EIO, f"{put} of {len(part)} bytes"))
            self.written += put

    def settle(self) -> None:
        """Wait until the card has what was written. Raises NodebakeError."""
        try:
            os.fsync(self._descriptor)
            # Where the page cache could not be passed by, what it holds is let go.
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise _failing(self.path, "written", 0, error) from error

    def close(self) -> None:
        """Let the kernel see the new partitions, and let go."""
        machine.read_partitions(self._descriptor)
        super().close()


def _opened(path: str, way: int, block_alone: int = 0) -> int:
    """The device by a descriptor; `block_alone` are flags for block devices."""
    try:
        block = stat.S_ISBLK(Path(path).stat().st_mode)
        flags = way | os.O_CLOEXEC | (block_alone if block else 0)
        try:
            return os.open(path, flags | os.O_DIRECT)
        except OSError as error:
            if block or error.errno != errno.EINVAL:
                raise
            return os.open(path, flags)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise RefusedError(
                f"`{path}` is in use",
                facts=["it is mounted, or something else holds it"],
                hint=f"unmount it: `lsblk {path}` shows what of it is mounted",
            ) from error
        raise NodebakeError(
            f"`{path}` cannot be opened: {(error.strerror or str(error)).lower()}",
            hint="look whether the card is in its slot: lsblk",
        ) from error


def _failing(path: str, done: str, start: int, error: OSError) -> NodebakeError:
    return NodebakeError(
        f"`{path}` cannot be {done} at byte {start}",
        facts=[(error.strerror or str(error)).lower()],
        hint="the card is failing: take another one",
    )
