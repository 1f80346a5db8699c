# SPDX-License-Identifier: Apache-2.0
"""Who is at work in the store: builds share it, and who removes something has it alone.

A lock on `lock` of the store, which the kernel lets go when its holder ends, however that ends.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import RefusedError

NAME = "lock"


@contextmanager
def shared(
    root: Path, waiting: Callable[[], None], sweep: Callable[[], None] | None = None
) -> Iterator[None]:
    """While the body runs nothing is removed from the store at `root`.

    `waiting` is called once when somebody is removing something just now. `sweep` is called first when
    nobody else is at work: all that looks half-done then is what somebody left who was killed.
    """
    with (root / NAME).open("a") as lock:
        if sweep:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                sweep()
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Nobody else is at work in the store while the body runs. Raises RefusedError when somebody is."""
    with (root / NAME).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                f"somebody is at work in the store `{root}`",
                facts=["nothing is removed while a build may need it"],
                hint="try again when it has ended",
            ) from error
        yield
