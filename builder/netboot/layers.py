# SPDX-License-Identifier: Apache-2.0
"""A tree in two layers: what packages and firmware brought, and what the recipe laid over it. Pure.

So a changed file of the recipe changes the small upper layer alone, and what is under it stays in the store,
on the head and in the caches of nodes. No whiteouts: what a later step removed is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from builder.tree.entry import Entry, Kind
from builder.tree.sourced import Sourced

BOOT = "boot/firmware"
# In the boot tree, and no node of a shared root can bring others there.
_BOOTED = ("boot/vmlinuz", "boot/initrd.img")


def split(
    tree: Sequence[Sourced], lower: int, before: Iterable[Entry]
) -> tuple[list[Sourced], list[Sourced]]:
    """The base and the top of `tree`, whose first `lower` deltas are the base's; `before` lists only those.

    A folder is in the base as it was there, and in the top as it is in the end if it is another one by
    then, or if anything in it is of the top.
    """
    kept = [one for one in tree if not booted(one.entry.path)]
    folders = {entry.path: entry for entry in before if entry.kind == Kind.DIRECTORY}
    base = [_as_before(one, folders) for one in kept if _is_base(one, lower, folders)]
    above = {one.entry.path for one in kept if one.layer >= lower}
    above |= {folder for path in above for folder in _parents(path)}
    top = [one for one in kept if one.entry.path in above]
    return _regrouped(base), _regrouped(top)


def booted(path: str) -> bool:
    """Whether a path is of the boot tree alone; the folder that it is mounted on stays."""
    return path.startswith((f"{BOOT}/", *_BOOTED))


def _is_base(one: Sourced, lower: int, folders: Mapping[str, Entry]) -> bool:
    if one.entry.kind == Kind.DIRECTORY:
        return one.entry.path in folders
    return one.layer < lower


def _as_before(one: Sourced, folders: Mapping[str, Entry]) -> Sourced:
    return one._replace(entry=folders.get(one.entry.path, one.entry))


def _regrouped(layer: list[Sourced]) -> list[Sourced]:
    """Hard link groups as far as they lie in this layer."""
    groups: dict[str, list[str]] = {}
    for one in layer:
        if one.entry.links:
            groups.setdefault(one.entry.links, []).append(one.entry.path)
    first = {links: min(paths) if len(paths) > 1 else "" for links, paths in groups.items()}
    return [
        one._replace(entry=one.entry._replace(links=first[one.entry.links])) if one.entry.links else one
        for one in layer
    ]


def _parents(path: str) -> Iterable[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path
