# SPDX-License-Identifier: Apache-2.0
"""Where something is made in the store, by one builder at a time; it becomes an object there, or is gone."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder.host import linux
from builder.host.files import remove_tree
from builder.store.store import Store
from builder.tree.entry import Entry, dump


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


def keep(store: Store, place: Path, step: Mapping[str, Any], entries: Iterable[Entry]) -> None:
    """Make the workplace of `step`, whose `delta` has these entries, the object of that name.

    It is on the disk before it has the name: whoever uses an object does not read all of it to see whether
    it is whole, and a rename may outlive a loss of power that what it names does not.
    """
    (place / "listing").write_text(dump(entries))
    (place / "step").write_text(json.dumps(step, indent=1) + "\n")
    linux.settle(place)
    place.rename(store.object(step["id"]))
