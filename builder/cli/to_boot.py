# SPDX-License-Identifier: Apache-2.0
"""What `nodebake boot` is told to boot: a recipe, which is its latest release, or a release's folder."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from builder.cli.project import Project
from builder.cli.workspace import out_root
from builder.errors import RecipeError
from builder.recipe.recipe import Recipe
from builder.release.manifest import parse


@dataclass(frozen=True)
class ToBoot:
    """A release by its folder, and the recipe that it was built from as the project has it now."""

    recipe: Recipe
    folder: Path


def to_boot(project: Project, arguments: Namespace) -> ToBoot:
    """What the command line names. Raises RecipeError for a folder without a release."""
    word = arguments.recipe
    if "/" not in word:
        return ToBoot(project.recipe(word, arguments.set), out_root(project) / word / "latest")
    folder = Path(word)
    try:
        manifest = parse((folder / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RecipeError(
            f"there is no release in `{word}`",
            hint="name a recipe, or a folder below out/ with a manifest.json",
        ) from error
    return ToBoot(project.recipe(manifest.recipe, arguments.set), folder)
