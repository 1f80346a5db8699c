# SPDX-License-Identifier: Apache-2.0
"""A folder that one at a time works in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Make a folder where it is missing, and hold it while the body runs.

    What was made goes again if nothing is in it in the end. `waiting` is called once when somebody else
    has to let go first.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    descriptor = _lock(folder, waiting)
    try:
        yield
    finally:
        try:
            for each in made:
                each.rmdir()
        except OSError:
            pass  # There is something in it.
        os.close(descriptor)


def _lock(folder: Path, waiting: Callable[[], None]) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists() and os.path.samestat(folder.stat(), os.fstat(descriptor)):
            return descriptor
        # The one before has taken the empty folder away.
        os.close(descriptor)
