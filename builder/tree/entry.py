# SPDX-License-Identifier: Apache-2.0
"""One path of a tree, and listings of them.

A listing is what a tree *is* for everything downstream: image size, manifest, comparison. A
*delta* listing belongs to one step's overlayfs upper directory and may hold whiteouts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """File types, in listings' one-letter form."""

    FILE = "f"
    DIRECTORY = "d"
    LINK = "l"
    CHARACTER = "c"
    BLOCK = "b"
    FIFO = "p"
    WHITEOUT = "w"


_KINDS = {kind.value: kind for kind in Kind}


class Entry(NamedTuple):
    """A path with its metadata. `path` is relative to the root ("" is the root itself).

    `mtime` in whole seconds since 1970, `size` in bytes (files only), `sha256` for files,
    `target` for links, `device` as `major:minor`, `xattrs` name → hex, `opaque` marks a
    directory that hides everything below it in former deltas, `links` is a hard link group
    (the smallest path of the group, empty when the file is alone). A tuple, for a tree has
    tens of thousands, and each step and output makes all of them.
    """

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    device: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()
    opaque: bool = False
    links: str = ""


def dump(entries: Iterable[Entry]) -> str:
    """A listing as JSON lines, one entry a line, defaults left out."""
    lines = []
    for entry in entries:
        # In ASCII, for a path may hold what no encoding or line knows.
        fields = {key: value for key, value in entry._asdict().items() if value or type(value) is int}
        lines.append(json.dumps(fields, separators=(",", ":")))
    return "".join(line + "\n" for line in lines)


def parse(text: str) -> Iterator[Entry]:
    """The inverse of :func:`dump`."""
    # All lines in one go: each by itself would cost twice as much.
    for fields in json.loads(f"[{','.join(text.splitlines())}]"):
        fields["kind"] = _KINDS[fields["kind"]]
        fields["path"] = fields.get("path", "")
        if "xattrs" in fields:
            fields["xattrs"] = tuple((name, value) for name, value in fields["xattrs"])
        yield Entry(**fields)


def merge(deltas: Iterable[Iterable[Entry]]) -> list[Entry]:
    """What is seen through a stack of deltas, lowest first; sorted by path."""
    return [entry for entry, _ in stack(deltas)]


def stack(deltas: Iterable[Iterable[Entry]]) -> list[tuple[Entry, int]]:
    """The same, each entry with the number of the delta that it comes from."""
    seen: dict[str, tuple[Entry, int]] = {}
    for layer, delta in enumerate(deltas):
        entries = list(delta)
        # Only where a directory goes or is emptied can more than the path itself be hidden; that is rare.
        emptied = {e.path for e in entries if e.path in seen and _empties(e, seen[e.path][0])}
        if emptied:
            seen = {path: entry for path, entry in seen.items() if not _below(path, emptied)}
        for entry in entries:
            if entry.kind == Kind.WHITEOUT:
                seen.pop(entry.path, None)
            else:
                seen[entry.path] = (entry, layer)
    return [seen[path] for path in sorted(seen)]


def _empties(entry: Entry, former: Entry) -> bool:
    """Whether an entry hides what was below its path in former deltas."""
    was_directory = former.kind == Kind.DIRECTORY
    return was_directory and (entry.opaque or entry.kind != Kind.DIRECTORY)


def _below(path: str, folders: set[str]) -> bool:
    """Whether `path` lies below one of `folders`."""
    while path:
        path = path.rpartition("/")[0]
        if path in folders:
            return True
    return False
