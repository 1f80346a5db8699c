# SPDX-License-Identifier: Apache-2.0
"""What the store holds, read from outside: nothing in it is trusted to be readable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.store.store import Store

_BLOCK = 4096
_SIZE = re.compile(r'"size":(\d+)')
_FETCHED = {"deb": re.compile(r"([0-9a-f]{64})\.deb"), "blob": re.compile(r"([0-9a-f]{64})")}
"""What was fetched, and what its files are called."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a file of which nothing is known may raise."""


@dataclass(frozen=True)
class Held:
    """An object: `size` in bytes on the disk, `used` in seconds since 1970, `stands_on` ids below it.

    `recipes` are those whose last plan has it. An object that cannot be read has the kind `?`.
    """

    id: str
    kind: str
    label: str
    size: int
    used: float
    stands_on: tuple[str, ...]
    recipes: tuple[str, ...]


@dataclass(frozen=True)
class Fetched:
    """A `deb` or a `blob`, a piece of an image: `size` in bytes, `used` in seconds since 1970."""

    kind: str
    sha256: str
    size: int
    used: float


def objects(store: Store) -> list[Held]:
    """Every object, the one used last first."""
    recipes = _recipes(store.root / "plans")
    found = [
        held
        for path in (store.root / "objects").iterdir()
        if (held := _held(path, recipes.get(path.name, ())))
    ]
    return sorted(found, key=lambda held: (-held.used, len(held.stands_on), held.id))


def fetched(store: Store) -> list[Fetched]:
    """Every file that was fetched, the one used last first."""
    found = []
    for kind, path in _fetched(store):
        if match := _FETCHED[kind].fullmatch(path.name):
            status = path.lstat()
            found.append(Fetched(kind, match[1], status.st_size, status.st_mtime))
    return sorted(found, key=lambda file: (-file.used, file.sha256))


def strangers(store: Store) -> list[Path]:
    """What lies among those files and is none: what an interrupted fetch left."""
    return sorted(path for kind, path in _fetched(store) if not _FETCHED[kind].fullmatch(path.name))


def _fetched(store: Store) -> Iterator[tuple[str, Path]]:
    for kind, folder in (("deb", store.debs), ("blob", store.blobs)):
        yield from ((kind, path) for path in folder.iterdir())


def sweep(store: Store) -> None:
    """Remove the files that were being written when somebody was killed. The store must be held alone."""
    partly = [*strangers(store), *store.tools.glob("*.*")]
    partly += [path for name in ("plans", "resolved") for path in (store.root / name).glob(".*.*")]
    for path in partly:
        path.unlink(missing_ok=True)


def _held(path: Path, recipes: tuple[str, ...]) -> Held | None:
    try:
        used = path.lstat().st_mtime
    except FileNotFoundError:
        return None
    try:
        step = json.loads((path / "step").read_bytes())
        kind, label = str(step["kind"]), str(step["label"])
        below = tuple(str(identity) for identity in (*step["below"], step["helper"]) if identity)
    except UNREADABLE:
        kind, label, below = "?", "", ()
    return Held(path.name, kind, label, _size(path / "listing"), used, below, recipes)


def _size(listing: Path) -> int:
    """Bytes on the disk: files in whole blocks, a group of hard links once, a block for a directory."""
    total = 0
    try:
        for line in listing.read_text().splitlines():
            if '"kind":"d"' in line:
                total += _BLOCK
            elif '"links":' in line:
                entry = json.loads(line)
                total += _blocks(entry["size"]) if entry["links"] == entry["path"] else 0
            elif match := _SIZE.search(line):
                total += _blocks(int(match[1]))
    except UNREADABLE:
        return total
    return total


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _recipes(plans: Path) -> dict[str, tuple[str, ...]]:
    """Object id → recipes whose last plan has it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(plans.iterdir()):
        for identity in _ids(path):
            found[identity] = (*found.get(identity, ()), path.name)
    return found


def _ids(plan: Path) -> Iterator[str]:
    try:
        steps: dict[str, Any] = json.loads(plan.read_bytes())["steps"]
        yield from {str(step["id"]) for step in steps.values()}
    except UNREADABLE:
        return
