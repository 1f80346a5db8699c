# SPDX-License-Identifier: Apache-2.0
"""Remove instances and releases that nothing needs: never what a node boots, nor the last few of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError, RecipeError
from builder.head.boots import cards, history
from builder.head.ground import files
from builder.head.ground.layout import Layout
from builder.head.ground.operation import Operation
from builder.head.node import drift, instance
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory
from builder.head.release import manifest
from builder.head.served import exports, fragments


@dataclass(frozen=True)
class Remove:
    """Remove an instance, a release or what was left half made."""

    path: Path

    def describe(self) -> str:
        return f"remove {self.path}"

    def run(self) -> None:
        files.remove(self.path)
        parent = self.path.parent
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


@dataclass(frozen=True)
class Forget:
    """Drop the journal's entries of instances that are gone."""

    layout: Layout
    present: Mapping[str, str]
    kept: frozenset[tuple[str, str]]

    def describe(self) -> str:
        return "shorten the journal"

    def run(self) -> None:
        history.forget(self.layout, self.present, self.kept)


def plan(layout: Layout, inventory: Inventory, keep: int, server: str) -> tuple[Operation, ...]:
    """What can go when `keep` instances of a node and `keep` releases of a recipe stay."""
    if keep < 1:
        raise RecipeError(f"`--keep {keep}` would remove what nodes boot", hint="keep at least 1")
    kept = _instances(layout, keep)
    names = {(each.node, each.name) for each in kept}
    spare = [each for each in instance.everywhere(layout) if (each.node, each.name) not in names]
    releases = _spare_releases(layout, kept, keep)
    gone = [*[layout.instance(each.node, each.name) for each in spare], *releases, *_half_made(layout)]
    if not gone:
        return ()
    rows = exports.table(layout, inventory, cards.load(layout).served(kept))
    return (
        *fragments.for_exports(layout, rows, server),
        *(Remove(path) for path in gone),
        Forget(layout, in_use(layout), frozenset(names)),
    )


def losses(layout: Layout, operations: Sequence[Operation]) -> Iterator[str]:
    """What nodes have changed in roots of their own that would go for good."""
    paths = {operation.path for operation in operations if isinstance(operation, Remove)}
    for each in instance.everywhere(layout):
        if each.mode == "private" and layout.instance(each.node, each.name) in paths:
            moved = drift.of(layout, each)
            if moved:
                yield f"{each.node} has changed {each.name}, which goes: {drift.summary(moved)}"


def in_use(layout: Layout) -> dict[str, str]:
    """The instance that each node boots, by the links alone: also of nodes that left the inventory."""
    found = {}
    for link in layout.boot.glob("*") if layout.boot.exists() else ():
        if link.is_symlink():
            parts = link.readlink().parts
            if len(parts) >= 3 and parts[-1] == "boot":
                found[parts[-3]] = parts[-2]
    return found


def _instances(layout: Layout, keep: int) -> list[Instance]:
    present = in_use(layout)
    former = history.formers(layout, present)
    needed = cards.load(layout).needed()
    by_node: dict[str, list[Instance]] = {}
    for each in instance.everywhere(layout):
        by_node.setdefault(each.node, []).append(each)
    kept: list[Instance] = []
    for node, held in by_node.items():
        first = (present.get(node), former.get(node))
        # False sorts first: what is present, what was before it, then what was made last.
        order = sorted(held, key=lambda each: (each.name != first[0], each.name != first[1], -each.made))
        kept += [each for place, each in enumerate(order) if place < keep or (node, each.name) in needed]
    return kept


def _spare_releases(layout: Layout, kept: list[Instance], keep: int) -> list[Path]:
    needed = {layout.release(each.recipe, each.version) for each in kept}
    spare: list[Path] = []
    for recipe in sorted(layout.releases.glob("[!.]*")):
        held = sorted(recipe.glob("[!.]*"), key=_age)
        spare += [folder for folder in held[:-keep] if folder not in needed]
    return spare


def _age(folder: Path) -> tuple[int, float]:
    try:
        return manifest.read(folder).epoch, folder.stat().st_mtime
    except NodebakeError:
        return 0, 0.0


def _half_made(layout: Layout) -> list[Path]:
    """What a kill has left: nobody else is at work, for the lock is ours."""
    places = {
        layout.releases: ("*/.*", "*/*/.*"),
        layout.instances: ("*/.*",),
        layout.adopted: (".*", "*/.*"),
        layout.state: (".*",),
    }
    found = (path for folder, patterns in places.items() for each in patterns for path in folder.glob(each))
    return [path for path in found if path.name.endswith((".making", ".gone", ".part"))]
