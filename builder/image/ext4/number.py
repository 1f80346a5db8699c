# SPDX-License-Identifier: Apache-2.0
"""Which inode each node gets: the one it had, or the first that is free. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from builder.image.ext4.geometry import FIRST_INODE

ROOT = 2


def number(paths: Iterable[str], former: Mapping[str, int]) -> dict[str, int]:
    """Inode numbers for `paths`, in their order; the root ("") has its own."""
    wanted = [path for path in paths if path]
    found = {path: former[path] for path in wanted if path in former}
    taken = set(found.values())
    following = FIRST_INODE + 1
    for path in wanted:
        if path not in found:
            while following in taken:
                following += 1
            found[path] = following
            following += 1
    return {"": ROOT, **found}
