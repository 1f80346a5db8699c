# SPDX-License-Identifier: Apache-2.0
"""Which instance came after which: `state/journal.jsonl`, format 1, a JSON object a line.

An entry is written before the switch that it tells of. After a kill in between it tells of a switch that
never was; so the link says what is present, and an entry counts only for the instance that it leads to.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.head import files
from builder.head.layout import Layout

FORMAT = 1


@dataclass(frozen=True)
class Moved:
    """A switch of `node`. `verb` is `publish` or `rollback`; `at` is in seconds since 1970."""

    at: int
    verb: str
    node: str
    before: str
    after: str


def moves(layout: Layout) -> Iterator[Moved]:
    """All entries, the oldest first; a last line that a kill has cut short is passed over."""
    try:
        text = _path(layout).read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            fields = json.loads(line)
            if fields.pop("format") == FORMAT:
                yield Moved(**fields)
        except (ValueError, KeyError, TypeError):
            continue


def former(layout: Layout, node: str, present: str) -> str:
    """The instance before `present`, as publishing went; empty when there was none."""
    return formers(layout, {node: present})[node]


def formers(layout: Layout, present: dict[str, str]) -> dict[str, str]:
    """The same for several nodes at one reading. Going back twice leads two releases back."""
    found = dict.fromkeys(present, "")
    for move in moves(layout):
        wanted = present.get(move.node)
        if wanted and move.after == wanted and move.verb == "publish":
            found[move.node] = move.before
    return found


def remember(layout: Layout, verb: str, switches: Iterable[tuple[str, str, str]]) -> None:
    """Append entries for (node, before, after) with one write, on the disk when this returns."""
    now = int(time.time())
    entries = [Moved(now, verb, node, before, after) for node, before, after in switches]
    descriptor = os.open(_path(layout), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if torn else b"") + _lines(entries))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget(layout: Layout, kept: set[tuple[str, str]]) -> None:
    """Drop the entries that lead to no instance, given as (node, name), that is still there."""
    entries = [move for move in moves(layout) if (move.node, move.after) in kept]
    if _path(layout).exists():
        files.write(_path(layout), _lines(entries))


def _lines(entries: Iterable[Moved]) -> bytes:
    return "".join(json.dumps({"format": FORMAT, **asdict(move)}) + "\n" for move in entries).encode()


def _path(layout: Layout) -> Path:
    return layout.state / "journal.jsonl"
