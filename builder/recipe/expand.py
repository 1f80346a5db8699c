# SPDX-License-Identifier: Apache-2.0
"""Layers as written to layers with effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.document import Document
from builder.recipe.effect import ConfigTxt, Effect, Package, UnitState
from builder.recipe.kind import kind
from builder.recipe.layer import KINDS
from builder.recipe.near import did_you_mean
from builder.recipe.recipe import Base, Board, Kernel, Layer
from builder.recipe.scope import Scope
from builder.recipe.site import Site
from builder.recipe.sources import Sources
from builder.recipe.validate import validate


@dataclass(frozen=True)
class Surroundings:
    """What every layer of a recipe sees."""

    sources: Sources
    site: Site
    base: Base
    boards: tuple[Board, ...]
    variables: Mapping[str, Any]
    cluster: Mapping[str, Any] | None = None
    output: str = ""


def base_layer(base: Base, kernels: tuple[Kernel, ...]) -> Layer:
    """The first layer: what every tree of the base needs, and the kernels of the recipe's boards."""
    names = (*base.packages, *(_kernel_package(kernel, base) for kernel in kernels))
    effects: tuple[Effect, ...] = (
        *(Package(name) for name in names),
        *(ConfigTxt(line) for line in dict.fromkeys(_config(base, kernels))),
        *(UnitState(unit, "mask") for unit in base.mask),
    )
    return Layer("base", f"base: {base.name}", Place(f"builder/base/{base.name}.yaml", 1, 1), effects)


def _config(base: Base, kernels: tuple[Kernel, ...]) -> list[str]:
    return [*base.config, *(line for kernel in kernels for line in kernel.config)]


def _kernel_package(kernel: Kernel, base: Base) -> str:
    """As apt and dpkg spell it: a package of a foreign architecture with that."""
    foreign = kernel.architecture != base.architecture
    return f"{kernel.package}:{kernel.architecture}" if foreign else kernel.package


def layers(
    document: Document,
    given: list[dict[str, Any]],
    around: Surroundings,
    problems: list[NodebakeError],
    wants: list[str],
) -> list[Layer]:
    """The layers of one file, in order."""
    found = []
    for i, item in enumerate(given):
        if len(item) != 1:
            message = "a layer is one kind with its body" if item else "an empty layer"
            advice = "begin each kind with its own `-`"
            problems.append(RecipeError(message, place=document.place(("layers", i)), hint=advice))
        for name, body in item.items():
            path = ("layers", i, name)
            if name not in KINDS:
                hint = did_you_mean(name, KINDS, what="kinds")
                problems.append(
                    RecipeError(f"there is no layer kind `{name}`", place=document.key(path), hint=hint)
                )
                continue
            layer_kind = kind(name)
            model = validate(layer_kind.model, body, document, path, problems)
            if model is None:
                continue
            scope = Scope(
                around.sources,
                around.site,
                around.base,
                around.boards,
                around.variables,
                document,
                path,
                problems,
                wants,
                around.cluster,
                around.output,
            )
            label = f"{name}: {body}" if isinstance(body, str) else name
            effects = tuple(layer_kind.expand(model, scope))
            found.append(Layer(name, label, document.key(path), effects))
    return found
