# SPDX-License-Identifier: Apache-2.0
"""What the verbs of `nodebake-head` take from their command lines."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from builder.head.ground.layout import Layout, checked_name
from builder.head.node import inventory
from builder.head.node.inventory import Inventory


def inventory_of(layout: Layout, asked: Namespace) -> Inventory:
    """The inventory that comes with the call, kept from then on, or else the one that was kept."""
    if asked.inventory is None:
        return inventory.load(layout)
    known = inventory.parse(asked.inventory.read_text(encoding="utf-8"))
    if not asked.dry_run:
        inventory.keep(layout, known)
    return known


def names(words: str, what: str = "node") -> list[str]:
    """Names with commas between them. Raises RecipeError for what cannot be one."""
    return [checked_name(word, what) for word in words.split(",") if word]


def source_of(layout: Layout, release: Path) -> Path:
    """Where the release lies that is named by its folder, or as RECIPE/VERSION of one held here."""
    return (release if release.is_dir() else layout.releases / release).absolute()
