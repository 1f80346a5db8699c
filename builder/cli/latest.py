# SPDX-License-Identifier: Apache-2.0
"""Where the release lies that a verb hands on: a recipe's latest, or the one that was chosen."""

from __future__ import annotations

from pathlib import Path

from builder.cli.project import Project
from builder.cli.workspace import out_root


def latest(project: Project, recipe: str, chosen: Path | None = None) -> Path:
    """The folder of a recipe's latest release, or `chosen`; whoever reads it tells when there is none.

    Raises Problems where there is none for want of such a recipe: then it is the name that is wrong.
    """
    folder = chosen or out_root(project) / recipe / "latest"
    if not (folder / "manifest.json").is_file():
        from builder.recipe.resolve import summary

        summary(project.sources(), recipe)
    return folder
