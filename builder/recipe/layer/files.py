# SPDX-License-Identifier: Apache-2.0
"""`files: NAME`: the directory `overlays/NAME/`, laid over the tree."""

from __future__ import annotations

from pydantic import ConfigDict, RootModel

from builder.recipe.confine import confine
from builder.recipe.effect import Effect
from builder.recipe.near import did_you_mean
from builder.recipe.overlay import expand_overlay
from builder.recipe.scope import Scope
from builder.recipe.sources import OutsideError


class Model(RootModel[str]):
    """The name of a directory below `overlays/`, which may hold an overlay.yaml."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)


def expand(model: Model, scope: Scope) -> list[Effect]:
    name = model.root
    try:
        inside = confine(name) == name
        there = bool(scope.sources.names(f"overlays/{name}")) if inside else False
    except (ValueError, OutsideError):
        inside = there = False
    if not inside:
        scope.problem(
            f"the overlay `{name}` leaves the folder `overlays/`", hint="name a folder in `overlays/`"
        )
        return []
    if not there:
        hint = did_you_mean(name, scope.sources.names("overlays"), what="overlays")
        scope.problem(f"there is no overlay `{name}`: the folder `overlays/{name}` is not there", hint=hint)
        return []
    return expand_overlay(f"overlays/{name}", scope)
