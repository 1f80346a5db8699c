# SPDX-License-Identifier: Apache-2.0
"""The project that a verb works on: the folder that holds recipes/."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import RecipeError

if TYPE_CHECKING:
    from builder.cluster.cluster import Cluster
    from builder.host.sources import FolderSources
    from builder.recipe.recipe import Recipe


@dataclass(frozen=True)
class Project:
    """A project by its root."""

    root: Path

    @property
    def site(self) -> Path:
        return self.root / "site.yaml"

    def sources(self) -> FolderSources:
        """What the recipe room reads from."""
        from builder.host.sources import FolderSources

        return FolderSources(self.root)

    def names(self) -> tuple[str, ...]:
        """Names of all recipes, sorted."""
        from builder.recipe.resolve import names

        return tuple(sorted(names(self.sources())))

    def recipe(self, name: str, settings: Iterable[str] = ()) -> Recipe:
        """A recipe, resolved with settings as `--set` takes them (`KEY=VALUE`)."""
        from builder.recipe.resolve import resolve

        return resolve(self.sources(), name, parse_settings(settings))

    def cluster(self) -> Cluster:
        """The inventory; Problems or RecipeError when it cannot be read or there is none."""
        from builder.cluster.load import require

        return require(self.sources())


def project_of(arguments: Namespace) -> Project:
    """The project of --project, or else the nearest one upwards from where we are."""
    if arguments.project is not None:
        start: Path = arguments.project
        if not (start / "recipes").is_dir():
            raise RecipeError(f"`{start}` holds no folder `recipes`", hint="name the folder that holds it")
        return Project(start.absolute())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "recipes").is_dir():
            return Project(folder)
    raise RecipeError(
        f"there is no folder `recipes` in `{here}` or above it",
        hint="go to your project, or name it: --project DIR",
    )


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping; the last one wins."""
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise RecipeError(f"`--set {pair}` is not KEY=VALUE", hint="for instance `--set user=pi`")
        settings[key] = value
    return settings
