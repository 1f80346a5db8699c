# SPDX-License-Identifier: Apache-2.0
"""What only the release knows, as files of the tree: no step could have written them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from builder.tree.entry import Entry, Kind

RELEASE = "etc/nodebake/release"
"""Which release a root is of, as RECIPE/VERSION."""


def released(release: str) -> dict[str, bytes]:
    """What every root is told, by path."""
    return {RELEASE: f"{release}\n".encode()}


def noted(listing: Iterable[Entry], told: Mapping[str, bytes], epoch: int) -> tuple[Entry, ...]:
    """`listing` with the files of `told` and the folders that they take, dated `epoch`; sorted by path."""
    entries = {entry.path: entry for entry in listing}
    for path, data in told.items():
        for folder in _parents(path):
            entries.setdefault(folder, Entry(folder, Kind.DIRECTORY, 0o755, 0, 0, epoch))
        sha256 = hashlib.sha256(data).hexdigest()
        entries[path] = Entry(path, Kind.FILE, 0o644, 0, 0, epoch, len(data), sha256)
    return tuple(entries[path] for path in sorted(entries))


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]
