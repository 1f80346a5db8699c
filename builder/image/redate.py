# SPDX-License-Identifier: Apache-2.0
"""The dates of what the build itself made: when it was first made like this. Pure.

What packages bring has their dates. All else would get the build's, and with each release another one,
though nothing but the date has changed. Who compares by size and date misses nothing: what differs is
dated anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.image.placement import Placed, Placement
from builder.tree.entry import Entry, Kind

_CLOCKS = ("usr/lib/clock-epoch",)
"""Files whose date is what they are for: without a clock, systemd starts at this one's."""


@dataclass(frozen=True)
class Redated:
    """The listing with its dates; `dates` has those that the next release may take over, by path."""

    entries: list[Entry]
    dates: dict[str, tuple[int, str]]


def redate(listing: Iterable[Entry], epoch: int, former: Placement | None) -> Redated:
    """Give what is dated `epoch` the date that it has in `former`, if there it was the same."""
    entries = list(listing)
    names: dict[str, list[str]] = {}
    for entry in entries:
        if entry.path:
            parent, _, name = entry.path.rpartition("/")
            names.setdefault(parent, []).append(name)
    known: Mapping[str, Placed] = {**former.boot, **former.files} if former else {}
    dates: dict[str, tuple[int, str]] = {}
    for number, entry in enumerate(entries):
        if entry.mtime < epoch or entry.links or entry.path in _CLOCKS:
            continue
        digest = _digest(entry, names.get(entry.path, []))
        before = known.get(entry.path)
        date = before.date if before and before.digest == digest else epoch
        dates[entry.path] = (date, digest)
        entries[number] = entry._replace(mtime=date)
    return Redated(entries, dates)


def _digest(entry: Entry, names: list[str]) -> str:
    """What an entry is but for its date; of a directory, the names in it. 16 hex digits."""
    content = sorted(names) if entry.kind == Kind.DIRECTORY else [entry.sha256, entry.target, entry.device]
    traits = [entry.kind, entry.mode, entry.uid, entry.gid, entry.xattrs, content]
    return hashlib.sha256(json.dumps(traits).encode()).hexdigest()[:16]
