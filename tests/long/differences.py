# SPDX-License-Identifier: Apache-2.0
"""What differs between two trees, trait by trait, and which of it may (allowed.yaml)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ruamel.yaml import YAML

from builder.tree.entry import Entry, Kind
from tests.long.oracle import Tree

ALLOWED = Path(__file__).with_name("allowed.yaml")


@dataclass(frozen=True)
class Difference:
    """One trait of one path. `here` is the native engine's, `there` the other's."""

    path: str
    trait: str
    here: str
    there: str

    def __str__(self) -> str:
        return f"/{self.path}: {self.trait}: {self.here} | {self.there}"


@dataclass(frozen=True)
class Allowed:
    """A difference that may be: a glob of paths, one trait, and where it comes from."""

    paths: str
    trait: str
    cause: str

    def covers(self, found: Difference) -> bool:
        deep = self.paths.count("/") == found.path.count("/")
        return deep and self.trait == found.trait and fnmatchcase(found.path, self.paths)


def allowed(base: str) -> list[Allowed]:
    """The entries of allowed.yaml that hold for `base`, one for each path and trait."""
    rows = YAML(typ="safe").load(ALLOWED.read_text(encoding="utf-8"))
    return [
        Allowed(paths, trait, row["cause"])
        for row in rows
        if base in row.get("bases", (base,))
        for paths in row["paths"]
        for trait in row["traits"]
    ]


def judge(found: Iterable[Difference], entries: Iterable[Allowed]) -> list[str]:
    """A line for each difference that no entry covers, and for each entry that covers none."""
    differences, rules = list(found), list(entries)
    wrong = [str(each) for each in differences if not any(rule.covers(each) for rule in rules)]
    idle = [rule for rule in rules if not any(rule.covers(each) for each in differences)]
    return wrong + [f"allowed, but there is none: {rule.trait} of {rule.paths}" for rule in idle]


def differences(here: Tree, there: Tree) -> Iterator[Difference]:
    """All differences, by path."""
    for path in sorted(here.entries.keys() | there.entries.keys()):
        mine, its = here.entries.get(path), there.entries.get(path)
        if mine is None or its is None:
            yield Difference(path, "presence", _name(mine), _name(its))
            continue
        before, after = _traits(mine), _traits(its)
        for trait in before.keys() | after.keys():
            if before.get(trait) != after.get(trait):
                named = _weaker(here, there, path) if trait == "content" else trait
                yield Difference(path, named, before.get(trait, "none"), after.get(trait, "none"))


def _traits(entry: Entry) -> dict[str, str]:
    """Every field of an entry, but for its size, which follows from its content."""
    return {
        "type": entry.kind.name,
        "mode": f"{entry.mode:04o}",
        "owner": f"{entry.uid}:{entry.gid}",
        # A directory's says when it was last written to, a file's comes from its package.
        "date" if entry.kind != Kind.DIRECTORY else "folder's date": str(entry.mtime),
        "content": entry.sha256,
        "target": entry.target,
        "device": entry.device,
        "xattrs": repr(entry.xattrs),
        "hard link": entry.links,
    }


def _weaker(here: Tree, there: Tree, path: str) -> str:
    """`order` when two files have the same lines, else `content`."""
    one, other = (sorted(tree.read(path).splitlines()) for tree in (here, there))
    return "order" if one == other else "content"


def _name(entry: Entry | None) -> str:
    return "absent" if entry is None else Kind(entry.kind).name.lower()
