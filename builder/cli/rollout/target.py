# SPDX-License-Identifier: Apache-2.0
"""What nodes are moved to, and by what: the release of an image, and that of the system that flashes it."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.cli.latest import latest
from builder.cli.left_out import warn_of_forgotten
from builder.cli.project import Project
from builder.cluster.cluster import Cluster, Node
from builder.deploy.publish import release_of
from builder.deploy.stock import by_card_alone, movable
from builder.errors import RecipeError, RefusedError
from builder.flash.agent import release as flashed
from builder.head.release.manifest import Release
from builder.image.layout import BOOT_MOUNT
from builder.release.manifest import parse
from builder.report.report import Report
from builder.rollout.visit import takes

FLASHER = "flasher"
GUEST = "flasher-card"
"""The flasher of nodes that find it on their own card."""
_CLUSTER = 4096


@dataclass(frozen=True)
class Target:
    """Two releases, RECIPE/VERSION, and their folders. `from_card`: their cards alone boot the nodes."""

    image: str
    image_folder: Path
    flasher: str
    flasher_folder: Path
    from_card: bool = False

    @property
    def recipe(self) -> str:
        return self.image.partition("/")[0]


def aimed(
    arguments: Namespace, project: Project, cluster: Cluster, report: Report
) -> tuple[tuple[Node, ...], Target]:
    """The nodes that a command line names, and what they are moved to. Raises RecipeError, RefusedError."""
    nodes = movable(cluster, arguments.nodes)
    warn_of_forgotten(cluster, arguments.nodes, report)
    alone = bool(nodes) and by_card_alone(cluster, nodes[0])
    return nodes, target_of(project, arguments.recipe, arguments.release, nodes, from_card=alone)


def target_of(
    project: Project, recipe: str, folder: Path | None, nodes: Sequence[Node], *, from_card: bool = False
) -> Target:
    """The releases that were built last, or the image in `folder`. Raises RecipeError and RefusedError."""
    image_folder = latest(project, recipe, folder).resolve()
    image, boards = (_flashed if from_card else _tried)(image_folder, recipe)
    flasher_recipe = GUEST if from_card else FLASHER
    flasher_folder = latest(project, flasher_recipe).resolve()
    flasher = release_of(flasher_folder, flasher_recipe)
    _fit(image, boards, nodes)
    _fit(flasher.label, [board.name for board in flasher.boards], nodes)
    if from_card:
        _fit_together(image_folder, flasher)
    return Target(image, image_folder, flasher.label, flasher_folder, from_card)


def _tried(folder: Path, recipe: str) -> tuple[str, Sequence[str]]:
    """An image that nodes try over the network before their cards boot it: its label and its boards."""
    _tried_first(folder, recipe)
    image = release_of(folder, recipe)
    if image.mode != "card":
        raise RefusedError(
            f"{image.label} is not for cards: nodes boot it over the network",
            hint=f"nodebake publish {recipe} NODES",
        )
    return image.label, [board.name for board in image.boards]


def _flashed(folder: Path, recipe: str) -> tuple[str, Sequence[str]]:
    """Any image; its label and its boards."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise RecipeError(
            f"there is no release of `{recipe}`",
            facts=[f"looked for `{manifest}`"],
            hint=f"nodebake build {recipe}",
        )
    image = flashed.parse(manifest.read_bytes())
    return image.label, image.boards


def _fit(label: str, boards: Sequence[str], nodes: Sequence[Node]) -> None:
    """Raise RecipeError for nodes that a release is not for."""
    unfit = [f"{node.name} is a {node.board}" for node in nodes if node.board not in boards]
    if unfit:
        raise RecipeError(
            f"{label} is not for every one of these nodes",
            facts=[*unfit[:5], f"it is for {', '.join(sorted(set(boards)))}"],
            hint="leave those out, or add the board to the recipe and build again",
        )


def _fit_together(image: Path, flasher: Release) -> None:
    """Raise RefusedError for an image beside whose boot files the flasher has no room: while it is tried, the
    card has both.
    """
    made = parse((image / "manifest.json").read_text(encoding="utf-8"))
    parts = made.image.partitions if made.image else ()
    size = sum(part.size for part in parts if part.mount == f"/{BOOT_MOUNT}")
    taken = sum(
        math.ceil(file.size / _CLUSTER) * _CLUSTER
        for file in made.files
        if file.path.startswith(f"{BOOT_MOUNT}/")
    )
    if size and size - taken < takes(flasher):
        free = max(0, size - taken) >> 20
        raise RefusedError(
            f"the boot partition of {made.recipe}/{made.version} has no room for what flashes it",
            facts=[f"{free} MiB of it are free, {flasher.label} takes {takes(flasher) >> 20} MiB"],
            hint="`outputs: {image: {boot_size: 512M}}` in its recipe; write the cards in a reader",
        )


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
