# SPDX-License-Identifier: Apache-2.0
"""What nodes are moved to, and by what: the release of an image, and that of the system that flashes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.cli.project import Project
from builder.cli.workspace import out_root
from builder.cluster.cluster import Node
from builder.deploy.publish import release_of
from builder.errors import RecipeError, RefusedError
from builder.head.release.manifest import Release

FLASHER = "flasher"


@dataclass(frozen=True)
class Target:
    """Two releases and their folders."""

    image: Release
    image_folder: Path
    flasher: Release
    flasher_folder: Path


def target_of(project: Project, recipe: str, folder: Path | None, nodes: Sequence[Node]) -> Target:
    """The releases that were built last, or the image in `folder`. Raises RecipeError and RefusedError."""
    image_folder = (folder or out_root(project) / recipe / "latest").resolve()
    _tried_first(image_folder, recipe)
    image = release_of(image_folder, recipe)
    if image.mode != "card":
        raise RefusedError(
            f"{image.label} is not for cards: nodes boot it over the network",
            hint=f"nodebake publish {recipe} NODES",
        )
    flasher_folder = (out_root(project) / FLASHER / "latest").resolve()
    target = Target(image, image_folder, release_of(flasher_folder, FLASHER), flasher_folder)
    for release in (target.image, target.flasher):
        boards = {board.name for board in release.boards}
        unfit = [f"{node.name} is a {node.board}" for node in nodes if node.board not in boards]
        if unfit:
            raise RecipeError(
                f"{release.label} is not for every one of these nodes",
                facts=[*unfit[:5], f"it is for {', '.join(sorted(boards))}"],
                hint="leave those out, or add the board to the recipe and build again",
            )
    return target


def _tried_first(folder: Path, recipe: str) -> None:
    """Raise RefusedError for an image that cannot be tried before its card boots by itself."""
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_bytes()) if manifest.is_file() else {}
    if told.get("image") and not told["image"].get("trial"):
        raise RefusedError(
            f"{told['recipe']}/{told['version']} has no trial boot",
            facts=[
                f"images on the base `{told['base']}` cannot be tried over the network yet",
                "a node whose card boots a broken system cannot be reached",
            ],
            hint=f"write the cards in a reader: nodebake write {recipe} DEVICE --node NODE",
        )
