# SPDX-License-Identifier: Apache-2.0
"""One at a time changes the head, or the cluster; whoever comes second is told who is at work."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import RefusedError
from builder.head.ground.layout import Layout

HEAD = "lock"
"""The lock of the head itself. Any other is a file of its own beside it."""


@contextmanager
def held(layout: Layout, verb: str, *, file: str = HEAD, by: str = "") -> Iterator[None]:
    """Hold the head for `verb`. Raises RefusedError naming the holder. The kernel lets go when we end."""
    layout.state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(layout.state / file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _taken(descriptor):
            found = _read(descriptor)
            what = "head" if file == HEAD else "cluster"
            raise RefusedError(
                f"`{verb}` has to wait: the {what} is in use",
                facts=[found] if found else [],
                hint="run it again when that is done",
            ) from None
        os.ftruncate(descriptor, 0)
        user = by or os.environ.get("SUDO_USER") or str(os.getuid())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        os.pwrite(descriptor, f"`{verb}` of {user}, process {os.getpid()}, since {since} UTC\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(layout: Layout, file: str) -> str:
    """Who holds a lock now; empty when nobody does."""
    try:
        descriptor = os.open(layout.state / file, os.O_RDWR)
    except FileNotFoundError:
        return ""
    try:
        return "" if _taken(descriptor) else _read(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now, until the descriptor is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode(errors="replace").strip()
