# SPDX-License-Identifier: Apache-2.0
"""From a request to a lock: what the archives have today, verified and exact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.archive.hosts import Mirror
from builder.errors import RefusedError, StaleLockError
from builder.host.files import replace_text
from builder.host.folder import held
from builder.lock.file import dump, parse
from builder.lock.lock import Lock, Locked, Request, Suites
from builder.lock.request import CHOICES, ESSENTIAL, helper_packages, staleness

if TYPE_CHECKING:
    from builder.archive.apt import PrivateApt


def read_lock(path: Path) -> Lock | None:
    """The lock at `path`, or None where there is none."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise StaleLockError(f"lock `{path.name}` is not UTF-8", hint="restore it") from error


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock with one rename."""
    path.parent.mkdir(exist_ok=True)
    replace_text(path, dump(lock))


def make_lock(
    recipe: str, wanted: Request, mirrors: Mapping[str, Mirror], folder: Path, machine: str
) -> Lock:
    """Ask the archives. `folder` keeps private apt roots; `machine` is the helper's architecture."""
    tree = sorted({wanted.architecture, *wanted.foreign, *(() if wanted.tools else (machine,))})
    with _apt(folder, wanted.suites, mirrors, tree) as apt:
        states = apt.update()
        packages = _resolve(apt, wanted.architecture, wanted.packages, wanted.foreign)
        names = helper_packages(wanted, (p.name for p in packages))
        if not wanted.tools:
            return Lock(recipe, wanted, states, packages, {machine: _resolve(apt, machine, names)})
    with _apt(folder, wanted.tools, mirrors, [machine]) as apt:
        states += tuple(state for state in apt.update() if state not in states)
        return Lock(recipe, wanted, states, packages, {machine: _resolve(apt, machine, names)})


@contextmanager
def _apt(
    folder: Path, suites: Suites, mirrors: Mapping[str, Mirror], architectures: Sequence[str]
) -> Iterator[PrivateApt]:
    """apt on a root of its own for these suites, which is kept for the next time."""
    # Most builds have their lock.
    from builder.archive.apt import PrivateApt

    named = {archive: mirrors[archive] for archive, _, _ in suites}
    key = hashlib.sha256(json.dumps([suites, sorted(m.uri for m in named.values())]).encode())
    root = folder / f"{key.hexdigest()[:16]}-{'-'.join(architectures)}"
    # apt itself does not wait for another one that works on the same indexes.
    with held(root, lambda: None):
        yield PrivateApt(root, suites, named, architectures)


def insist(lock: Lock | None, wanted: Request, recipe: str) -> Lock:
    """The lock, which must be there and must answer `wanted`. Raises StaleLockError."""
    if lock is None:
        raise StaleLockError(
            f"recipe `{recipe}` has no lock, and --locked insists on one",
            hint=f"`nodebake lock {recipe}` makes one",
        )
    reasons = staleness(lock, wanted)
    if reasons:
        raise StaleLockError(
            f"the lock of `{recipe}` is stale", facts=reasons, hint=f"`nodebake lock {recipe} --update`"
        )
    return lock


def not_older(before: Lock, after: Lock) -> None:
    """Refuse archives that have gone back in time, as a frozen mirror or an attacker serves them."""
    dates = {(s.archive, s.suite): s.date for s in before.archives}
    for state in after.archives:
        if state.date < dates.get((state.archive, state.suite), 0):
            raise RefusedError(
                f"archive `{state.archive}` `{state.suite}` is older than the one of the present lock",
                hint="check which host serves it; to take the older one, remove the lock file first",
            )


def _resolve(
    apt: PrivateApt, architecture: str, names: tuple[str, ...], foreign: tuple[str, ...] = ()
) -> tuple[Locked, ...]:
    essential = apt.essential(architecture, [name for name in CHOICES if name in names])
    if foreign:
        # With several architectures, that pattern would mean the essential packages of all of them.
        names = (*sorted(essential), *(name for name in names if name != ESSENTIAL))
    found = apt.resolve(architecture, names, foreign)
    native = (architecture, "all")
    return tuple(replace(p, essential=p.name in essential and p.architecture in native) for p in found)
