# SPDX-License-Identifier: Apache-2.0
"""Projects in memory for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from builder.errors import Problems
from builder.recipe.effect import Effect, Inline, WriteFile
from builder.recipe.recipe import Recipe
from builder.recipe.resolve import resolve
from builder.recipe.sources import DictSources

# A valid key for nobody: 32 zero bytes.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"
SITE = f"format: 1\nauthorized_keys: ['{KEY}']\n"


def recipe(files: Mapping[str, bytes | str], settings: Mapping[str, str] | None = None) -> Recipe:
    """The recipe `x` of a project of these files."""
    return resolve(DictSources(files), "x", settings or {})


def layer(text: str, **files: str) -> tuple[Effect, ...]:
    """The effects of the one layer `text` in a part without outputs."""
    named = {name.replace("__", "."): body for name, body in files.items()}
    found = recipe({"recipes/x.yaml": f"format: 1\nboards: [pi4]\nlayers:\n  - {text}\n", **named})
    return found.layers[-1].effects


def texts(effects: tuple[Effect, ...]) -> dict[str, str]:
    """Path → text of the files that the recipe itself made."""
    return {
        effect.path: effect.content.data.decode()
        for effect in effects
        if isinstance(effect, WriteFile) and isinstance(effect.content, Inline)
    }


def refusals(sources: DictSources, settings: Mapping[str, str] | None = None) -> list[str]:
    """The messages with which the recipe `x` is refused."""
    with pytest.raises(Problems) as caught:
        resolve(sources, "x", settings or {})
    return [problem.message for problem in caught.value.problems]
