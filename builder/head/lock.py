# SPDX-License-Identifier: Apache-2.0
"""One at a time changes the head; whoever comes second is told who is at work."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import RefusedError
from builder.head.layout import Layout


@contextmanager
def held(layout: Layout, verb: str) -> Iterator[None]:
    """Hold the head for `verb`. Raises RefusedError naming the holder. The kernel lets go when we end."""
    layout.state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(layout.state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise RefusedError(
                f"`{verb}` has to wait: the head is in use",
                facts=[holder] if holder else [],
                hint="run it again when that is done",
            ) from None
        os.ftruncate(descriptor, 0)
        user = os.environ.get("SUDO_USER") or str(os.getuid())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        os.pwrite(descriptor, f"`{verb}` of {user}, process {os.getpid()}, since {since} UTC\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
