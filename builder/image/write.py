# SPDX-License-Identifier: Apache-2.0
"""Write segments into an image: in order, small neighbours gathered, large files handed to the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.errors import StepError
from builder.image.segment import Segment

_GATHER = 256 << 10
"""Bytes that are written at once. What is gathered stays in the processor's cache until it is written, and
the kernel finds pages of that size anywhere: with 4 MiB it took up to three times the processor time.
"""
_LARGE = 64 << 10
"""From so many bytes on a file is not worth gathering: the kernel copies it by itself, and only once."""


def write(image: Path, segments: Iterable[Segment], jobs: int) -> None:
    """Write all of `segments`, none of which overlaps another, into a file of the full size."""
    runs = list(_runs(sorted(segments)))
    # A task for each of thousands of runs would cost as much as writing it.
    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(lambda share: _write_runs(image, runs[share::jobs]), range(jobs)):
            pass


def _runs(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Segments that lie within one stretch of at most 256 KiB, small gaps between them; a large one alone."""
    run: list[Segment] = []
    for segment in segments:
        # A gap of less than a block is the unused end of one.
        near = run and segment.offset - (run[-1].offset + run[-1].length) < 4096
        fits = near and segment.offset + segment.length - run[0].offset <= _GATHER
        if run and not (fits and segment.length < _LARGE and run[-1].length < _LARGE):
            yield run
            run = []
        run.append(segment)
    if run:
        yield run


def _write_runs(image: Path, runs: Iterable[Sequence[Segment]]) -> None:
    buffer = memoryview(bytearray(_GATHER))
    # With a position of its own, which sendfile writes at.
    descriptor = os.open(image, os.O_WRONLY)
    try:
        for run in runs:
            if run[0].length < _LARGE:
                _put(descriptor, _gathered(run, buffer), run[0].offset)
            elif run[0].path is None:
                _put(descriptor, memoryview(run[0].data), run[0].offset)
            else:
                _send(descriptor, run[0], run[0].path)
    finally:
        os.close(descriptor)


def _gathered(run: Sequence[Segment], buffer: memoryview) -> memoryview:
    """The bytes of a run, with zeros in the gaps; they lie in `buffer`."""
    at = 0
    for segment in run:
        first = segment.offset - run[0].offset
        buffer[at:first] = bytes(first - at)
        at = first + segment.length
        if segment.path is None:
            buffer[first:at] = segment.data
        else:
            _read(segment.path, segment.skip, buffer[first:at])
    return buffer[:at]


def _read(path: str, skip: int, place: memoryview) -> None:
    source = _open(path)
    try:
        while place:
            got = os.preadv(source, [place], skip)
            if not got:
                raise _short(path)
            place, skip = place[got:], skip + got
    finally:
        os.close(source)


def _send(descriptor: int, segment: Segment, path: str) -> None:
    """A large file, without a detour through this process."""
    os.lseek(descriptor, segment.offset, os.SEEK_SET)
    skip, left = segment.skip, segment.length
    source = _open(path)
    try:
        while left:
            sent = os.sendfile(descriptor, source, skip, left)
            if not sent:
                raise _short(path)
            skip, left = skip + sent, left - sent
    finally:
        os.close(source)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)


def _short(path: str) -> StepError:
    return StepError(
        f"`{path}` is shorter than the store says", hint="`nodebake store verify` finds what is damaged"
    )


def _put(descriptor: int, view: memoryview, at: int) -> None:
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
