# SPDX-License-Identifier: Apache-2.0
"""Reading, as root, what nodes write in folders of their own: they may have put anything there."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read(top: Path, path: Path, most: int = 1 << 16) -> bytes | None:
    """A file below `top`; None for what is not there, leads out of it, never ends or has over `most` bytes.

    It is looked at before it is opened, for a device may do something then, and what was looked at is what
    is read: the node may put something else there meanwhile.
    """
    try:
        found = os.open(path, os.O_PATH)
        try:
            place, state = Path(f"/proc/self/fd/{found}"), os.fstat(found)
            inside = place.readlink().is_relative_to(top.resolve()) and stat.S_ISREG(state.st_mode)
            return place.read_bytes() if inside and state.st_size <= most else None
        finally:
            os.close(found)
    except (OSError, ValueError):
        return None
