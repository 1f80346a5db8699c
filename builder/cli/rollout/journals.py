# SPDX-License-Identifier: Apache-2.0
"""The rollouts of a project: their journals, in its folder `rollouts/`."""

from __future__ import annotations

from builder.cli.project import Project
from builder.errors import RecipeError
from builder.rollout.journal import Journal, all_of

FOLDER = "rollouts"


def journals_of(project: Project) -> list[Journal]:
    """All of them, the oldest first."""
    return all_of(project.root / FOLDER)


def journal_of(project: Project, name: str) -> Journal:
    """The rollout of that name, or the last one. Raises RecipeError where there is none."""
    found = [each for each in journals_of(project) if name in ("", each.id)]
    if not found:
        raise RecipeError(
            f"there is no rollout `{name}`" if name else "nothing has been rolled out from here yet",
            hint="`nodebake rollout history` lists them" if name else "nodebake rollout RECIPE NODES",
        )
    return found[-1]
