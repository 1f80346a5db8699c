# SPDX-License-Identifier: Apache-2.0
"""The groups of cluster.yaml: bars, those under `groups`, and those that nodes name themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.cluster.bars import Place
from builder.cluster.cluster_file import ClusterFile
from builder.cluster.name import default_name
from builder.cluster.reading import Reading
from builder.cluster.words import ALL, Roster, WordFault
from builder.recipe.document import Path

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def read_groups(
    reading: Reading, model: ClusterFile, places: Mapping[int, Place]
) -> dict[str, frozenset[int]]:
    """Group to numbers. A group may name bars and the groups above it."""
    names = {node.number: node.name or default_name(node.number) for node in model.nodes}
    members = {
        bar_group(bar): frozenset(n for n in names if n in places and places[n].bar == bar)
        for bar in model.bars
    }
    bars = frozenset(members)
    for group, given in model.groups.items():
        _named(reading, group, names, bars, "groups", group)
        roster = Roster(names, members)
        members[group] = members.get(group, frozenset()).union(
            *(_numbers(reading, roster, word, path) for word, path in _words(group, given))
        )
    for i, node in enumerate(model.nodes):
        for j, group in enumerate(node.groups):
            _named(reading, group, names, bars, "nodes", i, "groups", j)
            members[group] = members.get(group, frozenset()) | {node.number}
    return members


def bar_group(bar: str) -> str:
    """The group of a bar's nodes."""
    return f"bar{bar}"


def _words(group: str, given: str | int | list[str]) -> list[tuple[str, Path]]:
    if isinstance(given, list):
        return [(word, ("groups", group, i)) for i, word in enumerate(given)]
    return [(str(given), ("groups", group))]


def _numbers(reading: Reading, roster: Roster, word: str, path: Path) -> frozenset[int]:
    try:
        return roster.numbers(word)
    except WordFault as fault:
        reading.problem(fault.message, *path, hint=fault.hint)
        return frozenset()


def _named(
    reading: Reading, group: str, names: Mapping[int, str], bars: frozenset[str], *path: str | int
) -> None:
    """Refuse what is no name for a group, or means something else already."""
    if not _NAME.fullmatch(group):
        hint = "letters, digits, `_` and `-`, a letter first"
        reading.problem(f"`{group}` is no name for a group", *path, key=True, hint=hint)
    elif group == ALL:
        reading.problem(f"`@{ALL}` is every node: no group can be called so", *path, key=True)
    elif group in bars:
        reading.problem(f"`@{group}` is a bar: no group can be called so", *path, key=True)
    elif group in names.values():
        reading.problem(f"`{group}` is a node: no group can be called so", *path, key=True)
