# SPDX-License-Identifier: Apache-2.0
"""The store looked after from inside, where every file can be read and removed. Runs in the worker."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from builder.build.bench import STORE
from builder.build.delta import scan
from builder.build.place import workplace
from builder.errors import NodebakeError
from builder.host.overlay import probe
from builder.host.worker import SHOWN, send
from builder.store.held import UNREADABLE
from builder.store.store import Store
from builder.tree.entry import Entry, parse

_MOST = 5


def run(order: Mapping[str, Any], jobs: int) -> None:
    """`verify`: tell an object's faults. `remove`: objects. `leftovers`: tell them, and `clear` them.

    `ready`: make ready for building, or refuse.
    """
    store = Store(STORE)
    if order.get("ready"):
        ready(store)
    if "verify" in order:
        send({"found": faults(store, order["verify"], jobs)})
    for identity in order.get("remove", ()):
        remove(store, identity)
    if order.get("leftovers"):
        send({"found": leftovers(store, clear=order["clear"])})


def remove(store: Store, identity: str) -> None:
    """Remove an object. It leaves with one rename, so it is never seen in part."""
    gone = store.root / "tmp" / identity
    _delete(gone)
    store.object(identity).rename(gone)
    _delete(gone)
    store.log(identity).unlink(missing_ok=True)


def ready(store: Store) -> None:
    """Remove what interrupted builds left in tmp/, and try whether layers can be made in this store."""
    folder = store.root / "tmp"
    for path in sorted(folder.iterdir()):
        if path.suffix != ".lock":
            with suppress(BlockingIOError), workplace(store, path.name, wait=False):
                pass
    with workplace(store, "probe") as place:
        target = SHOWN / "probe"
        target.mkdir(exist_ok=True)
        probe(place, target)


def leftovers(store: Store, *, clear: bool) -> list[str]:
    """What interrupted builds left in tmp/, as names. To `clear`, the store must be held alone."""
    found = []
    folder = store.root / "tmp"
    for path in sorted(folder.iterdir()):
        lock = folder / f"{path.name}.lock"
        if path.suffix == ".lock" or _is_held(lock):
            continue
        found.append(path.name)
        if clear:
            _delete(path)
    if clear:
        for lock in folder.glob("*.lock"):
            if not _is_held(lock):
                lock.unlink()
    return found


def faults(store: Store, identity: str, jobs: int) -> list[str]:
    """How an object differs from what it is said to be: some words each, empty when it does not."""
    try:
        step = json.loads((store.object(identity) / "step").read_bytes())
        if step["id"] != identity:
            return [f"it says that it is {step['id']}"]
    except UNREADABLE as error:
        return [f"its step cannot be read: {_why(error)}"]
    try:
        listed = {entry.path: entry for entry in parse(store.listing(identity).read_text())}
    except UNREADABLE as error:
        return [f"its listing cannot be read: {_why(error)}"]
    try:
        found = {entry.path: entry for entry in scan(store.delta(identity), None, jobs)}
    except OSError as error:
        name = str(error.filename or "").removeprefix(f"{store.delta(identity)}/")
        return [f"cannot be read: {name}: {_why(error)}"]
    wrong = list(_differences(listed, found))
    return wrong[:_MOST] + ([f"and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else [])


def _differences(listed: Mapping[str, Entry], found: Mapping[str, Entry]) -> Iterator[str]:
    for path in sorted(listed.keys() | found.keys()):
        shown = f"/{path}".encode(errors="surrogateescape").decode(errors="replace")
        if path not in found:
            yield f"gone: {shown}"
        elif path not in listed:
            yield f"not its own: {shown}"
        elif listed[path] != found[path]:
            before, after = listed[path], found[path]
            names = [name for name in Entry._fields if getattr(before, name) != getattr(after, name)]
            yield f"changed: {shown} ({', '.join(names)})"


def _is_held(lock: Path) -> bool:
    """Whether a builder is at work on what this lock is for."""
    try:
        with lock.open() as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise NodebakeError(
            f"`{path}` cannot be removed",
            facts=[_why(error)],
            hint="it is not the build's own: remove it by hand",
        ) from error


def _why(error: BaseException) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return f"{type(error).__name__}: {error}"
