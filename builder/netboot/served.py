# SPDX-License-Identifier: Apache-2.0
"""The tree as nodes see it: what the steps made, and what only the release knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.recipe.recipe import NetbootOutput
from builder.tree.entry import Entry
from builder.tree.noted import released

PERSIST = "etc/nodebake/persist"
CAPABILITY = "security.capability"
# Access lists: neither squashfs nor NFS keeps them. systemd-tmpfiles, which made them, does so at each boot.
_LISTS = "system."


@dataclass(frozen=True)
class Served:
    """`entries` sorted by path; `lost` are the files whose capabilities do not survive NFS."""

    entries: tuple[Entry, ...]
    lost: tuple[str, ...] = ()


def notes(output: NetbootOutput, release: str) -> dict[str, bytes]:
    """What the root is told of itself, by path: `release` is RECIPE/VERSION."""
    told = released(release)
    if output.persist:
        told[PERSIST] = "".join(f"{path}\n" for path in output.persist).encode()
    return told


def served(listing: Iterable[Entry], output: NetbootOutput) -> Served:
    """`listing` without the attributes that do not get there."""
    entries = {entry.path: entry for entry in listing}
    lost = []
    for path, entry in entries.items():
        kept = [pair for pair in entry.xattrs if not pair[0].startswith(_LISTS)]
        if not output.layered and any(name == CAPABILITY for name, _ in kept):
            kept = [pair for pair in kept if pair[0] != CAPABILITY]
            lost.append(path)
        if len(kept) < len(entry.xattrs):
            entries[path] = entry._replace(xattrs=tuple(kept))
    return Served(tuple(entries[path] for path in sorted(entries)), tuple(sorted(lost)))
