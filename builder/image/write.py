# SPDX-License-Identifier: Apache-2.0
"""Write segments into an image: in order, neighbours gathered, on as many processors as there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.errors import StepError
from builder.image.segment import Segment

_GATHER = 1 << 20
"""Bytes that are written at once. What is larger falls out of the processor's cache between reading and
writing, and has the kernel look for larger pages, which take longer to come by: 1 MiB took 0.36 CPU s
for 800 MB, 4 MiB from 0.35 to 0.9.
"""
_own = threading.local()


def write(image: Path, segments: Iterable[Segment], jobs: int) -> None:
    """Write all of `segments`, none of which overlaps another, into a file of the full size."""
    descriptor = os.open(image, os.O_WRONLY)
    try:
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(lambda run: _write_run(descriptor, run), _runs(sorted(segments))):
                pass
    finally:
        os.close(descriptor)


def _runs(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Segments that lie within one stretch of at most 1 MiB, small gaps between them; a larger one alone."""
    run: list[Segment] = []
    for segment in segments:
        # A gap of less than a block is the unused end of one.
        near = run and segment.offset - (run[-1].offset + run[-1].length) < 4096
        if not near or segment.offset + segment.length - run[0].offset > _GATHER:
            if run:
                yield run
            run = []
        run.append(segment)
    if run:
        yield run


def _write_run(descriptor: int, run: Sequence[Segment]) -> None:
    start = run[0].offset
    if len(run) == 1 and run[0].length > _GATHER:
        _copy(descriptor, run[0])
        return
    view = _buffer()
    at = 0
    for segment in run:
        first = segment.offset - start
        view[at:first] = bytes(first - at)
        at = first + segment.length
        if segment.path is None:
            view[first:at] = segment.data
        else:
            _read(segment.path, segment.skip, view[first:at])
    _put(descriptor, view[:at], start)


def _copy(descriptor: int, segment: Segment) -> None:
    """A large file, piece by piece."""
    view = _buffer()
    for at in range(0, segment.length, _GATHER):
        part = view[: min(_GATHER, segment.length - at)]
        if segment.path is None:
            part[:] = segment.data[at : at + len(part)]
        else:
            _read(segment.path, segment.skip + at, part)
        _put(descriptor, part, segment.offset + at)


def _buffer() -> memoryview:
    """This thread's: a new one each time would cost the kernel more than the copying."""
    if not hasattr(_own, "buffer"):
        _own.buffer = bytearray(_GATHER)
    return memoryview(_own.buffer)


def _read(path: str, skip: int, place: memoryview) -> None:
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        while place:
            got = os.preadv(source, [place], skip)
            if not got:
                raise StepError(
                    f"`{path}` is shorter than the store says",
                    hint="`nodebake store verify` finds what is damaged",
                )
            place, skip = place[got:], skip + got
    finally:
        os.close(source)


def _put(descriptor: int, view: memoryview, at: int) -> None:
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
