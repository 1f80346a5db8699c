# SPDX-License-Identifier: Apache-2.0
"""Which instance came after which: `state/journal.jsonl`, format 1, a JSON object a line.

An entry is written before the switch that it tells of. After a kill in between it tells of a switch that
never was; so the link says what is present, and an entry counts only when the next one, or the link, is where
it leads to.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from builder.head.ground import files
from builder.head.ground.layout import Layout

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


def formers(layout: Layout, present: Mapping[str, str]) -> dict[str, str]:
    """The same for several nodes at one reading. Going back twice leads two releases back."""
    return {
        node: stack[-2].after if len(stack) > 1 else "" for node, stack in stacks(layout, present).items()
    }


def stacks(layout: Layout, present: Mapping[str, str]) -> dict[str, list[Moved]]:
    """For each node how it came to what it boots: the moves that were not taken back, in their order."""
    told: dict[str, list[Moved]] = {node: [] for node in present}
    for move in moves(layout):
        if move.node in told:
            told[move.node].append(move)
    return {node: _stack(told[node], name) for node, name in present.items()}


def _stack(told: Sequence[Moved], present: str) -> list[Moved]:
    # What came of a move is said by where the next one began.
    followed = [*(move.before for move in told[1:]), present]
    stack: list[Moved] = []
    for move, after in zip(told, followed, strict=False):
        if move.after != after:
            continue
        names = [each.after for each in stack]
        if move.verb == "rollback" and move.after in names:
            stack = stack[: len(names) - names[::-1].index(move.after)]
        else:
            stack.append(move)
    return stack


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


def forget(layout: Layout, present: Mapping[str, str], kept: Set[tuple[str, str]]) -> None:
    """Shorten the journal to how each node came to what it boots, by instances (node, name) still there."""
    entries = []
    for stack in stacks(layout, present).values():
        before = ""
        for move in stack:
            if (move.node, move.after) in kept:
                entries.append(replace(move, verb="publish", before=before))
                before = move.after
    if _path(layout).exists():
        files.write(_path(layout), _lines(entries), lasting=True)


def _lines(entries: Iterable[Moved]) -> bytes:
    return "".join(json.dumps({"format": FORMAT, **asdict(move)}) + "\n" for move in entries).encode()


def _path(layout: Layout) -> Path:
    return layout.state / "journal.jsonl"
