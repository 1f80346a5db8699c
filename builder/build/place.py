# SPDX-License-Identifier: Apache-2.0
"""Where something is made in the store: a folder for one builder at a time, gone afterwards."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.host.files import remove_tree
from builder.store.store import Store


@contextmanager
def workplace(store: Store, name: str, *, wait: bool = True) -> Iterator[Path]:
    """An empty folder `tmp/NAME`; what the body leaves there, or a killed builder left, is removed.

    Raises BlockingIOError when another builder has it and one should not `wait`.
    """
    place = store.root / "tmp" / name
    with place.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        remove_tree(place)
        place.mkdir()
        try:
            yield place
        finally:
            # A failed step would fill a disk that may be full already.
            shutil.rmtree(place, ignore_errors=True)
