# SPDX-License-Identifier: Apache-2.0
"""One pass over a raw image: its sha256, its block index and its block map.

A hole of a sparse file is the same as zeros that were written, so the results do not depend on the file
system that the image lies on; asking for holes only saves reading them. The three hashes run in threads
of their own (hashlib lets go of the interpreter lock) over the same chunk in memory.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from builder.release import bmap as block_map
from builder.release import index as block_index
from builder.release.bmap import Bmap, Range
from builder.release.index import Index

_CHUNK = 4 << 20
_AHEAD = 24
_ZEROS = bytes(_CHUNK)
_ZERO_MAP_BLOCK = bytes(block_map.BLOCK_SIZE)
_ZERO_INDEX_BLOCK = bytes(block_index.BLOCK_SIZE)


@dataclass(frozen=True)
class Scan:
    """All that one pass tells; `size` in bytes."""

    size: int
    sha256: str
    index: Index
    bmap: Bmap


def scan(image: Path) -> Scan:
    """Read an image once. Memory stays below 100 MiB whatever its size."""
    whole, blocks, ranges = hashlib.sha256(), _Blocks(), _Ranges()
    workers = (whole.update, blocks.update, ranges.update)
    with image.open("rb", buffering=0) as file, ExitStack() as stack:
        size = os.fstat(file.fileno()).st_size
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in workers]
        pending: deque[Future[None]] = deque()
        for chunk in _chunks(file.fileno(), size):
            pending += [thread.submit(work, chunk) for thread, work in zip(threads, workers, strict=True)]
            while len(pending) > _AHEAD:
                pending.popleft().result()
        for future in pending:
            future.result()
    sha256 = whole.hexdigest()
    return Scan(size, sha256, Index(size, sha256, bytes(blocks.hashes)), Bmap(size, ranges.finish()))


def _chunks(descriptor: int, size: int) -> Iterator[bytes]:
    """The content in order, in chunks of 4 MiB; for those that are holes, always the same zeros."""
    data = -1
    for start in range(0, size, _CHUNK):
        length = min(_CHUNK, size - start)
        if data < start:
            data = _next_data(descriptor, start, size)
        if data >= start + length:
            yield _ZEROS if length == _CHUNK else bytes(length)
        else:
            yield _read(descriptor, start, length)


def _next_data(descriptor: int, start: int, size: int) -> int:
    """Where the next bytes that are no hole begin; `size` when there are none."""
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size
        if error.errno == errno.EINVAL:  # this file system keeps no holes
            return start
        raise


def _read(descriptor: int, start: int, length: int) -> bytes:
    chunk = os.pread(descriptor, length, start)
    while len(chunk) < length:
        more = os.pread(descriptor, length - len(chunk), start + len(chunk))
        if not more:
            raise OSError(errno.EIO, "the image became shorter while it was read")
        chunk += more
    return chunk


class _Blocks:
    """Collects the hash of every block of the index; that of zeros is known."""

    _zero = hashlib.sha256(_ZERO_INDEX_BLOCK).digest()

    def __init__(self) -> None:
        self.hashes = bytearray()

    def update(self, chunk: bytes) -> None:
        """Take the next chunk, a multiple of the block size but for the last."""
        if chunk is _ZEROS:
            self.hashes += self._zero * (_CHUNK // block_index.BLOCK_SIZE)
            return
        view = memoryview(chunk)
        for at in range(0, len(chunk), block_index.BLOCK_SIZE):
            if chunk.startswith(_ZERO_INDEX_BLOCK, at):
                self.hashes += self._zero
            else:
                self.hashes += hashlib.sha256(view[at : at + block_index.BLOCK_SIZE]).digest()


class _Ranges:
    """Collects the runs of blocks that hold anything."""

    def __init__(self) -> None:
        self._ranges: list[Range] = []
        self._block = 0
        self._first = -1
        self._hash = hashlib.sha256()

    def update(self, chunk: bytes) -> None:
        """Take the next chunk, a multiple of the block size but for the last."""
        count = -(-len(chunk) // block_map.BLOCK_SIZE)
        if chunk is _ZEROS:
            self._close()
        else:
            self._runs(chunk, count)
        self._block += count

    def _runs(self, chunk: bytes, count: int) -> None:
        view = memoryview(chunk)
        run = 0
        for number in range(count + 1):
            at = number * block_map.BLOCK_SIZE
            if number < count and not _is_zero(chunk, at):
                if self._first < 0:
                    self._first, self._hash, run = self._block + number, hashlib.sha256(), at
            elif self._first >= 0:
                self._hash.update(view[run:at])
                if number < count:
                    self._close(self._block + number)

    def _close(self, end: int | None = None) -> None:
        """End the open range before block `end`, if there is one."""
        if self._first >= 0:
            last = (self._block if end is None else end) - 1
            self._ranges.append(Range(self._first, last, self._hash.hexdigest()))
            self._first = -1

    def finish(self) -> tuple[Range, ...]:
        """All ranges, at the end of the image."""
        self._close()
        return tuple(self._ranges)


def _is_zero(chunk: bytes, at: int) -> bool:
    """Whether the block at `at` is all zeros; the image's last one may be shorter."""
    if chunk.startswith(_ZERO_MAP_BLOCK, at):
        return True
    rest = len(chunk) - at
    return rest < block_map.BLOCK_SIZE and chunk.endswith(bytes(rest))
