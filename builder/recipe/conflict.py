# SPDX-License-Identifier: Apache-2.0
"""What layers may not do together: write one file, go through each other's links, contradict."""

from __future__ import annotations

from collections.abc import Iterable

from builder.errors import NodebakeError, RecipeError
from builder.recipe.confine import over_link
from builder.recipe.effect import Delete, Effect, MakeDirectory, MakeLink, UnitState, WriteFile
from builder.recipe.recipe import Layer

Writing = WriteFile | MakeDirectory | MakeLink


def conflicts(layers: Iterable[Layer]) -> list[NodebakeError]:
    """One error for each thing that two layers both decide, told at the later of them."""
    found = list(layers)
    return [*_paths(found), *_units(found)]


def _paths(layers: list[Layer]) -> list[NodebakeError]:
    pairs = [(layer, e) for layer in layers for e in layer.effects if isinstance(e, Writing)]
    removals = [(layer, e) for layer in layers for e in layer.effects if isinstance(e, Delete)]
    folders = {e.path: layer for layer, e in reversed(pairs) if isinstance(e, MakeDirectory)}
    written: dict[str, tuple[Layer, Effect]] = {}
    problems = _over_links([*pairs, *removals])
    for layer, effect in pairs:
        if isinstance(effect, MakeDirectory):
            continue
        if effect.path in written:
            message = f"`{effect.path}` is written twice"
            problems.append(_twice(layer, written[effect.path][0], message))
        elif effect.path in folders:
            message = f"`{effect.path}` is both a file and a directory"
            problems.append(_twice(layer, folders[effect.path], message))
        written.setdefault(effect.path, (layer, effect))
    for layer, effect in pairs:
        for parent in _parents(effect.path):
            if parent in written:
                first, other = written[parent]
                what = "link" if isinstance(other, MakeLink) else "file"
                message = f"`{effect.path}` cannot be written below the {what} `{parent}`"
                problems.append(_twice(layer, first, message))
    return problems


def _over_links(pairs: Iterable[tuple[Layer, Writing | Delete]]) -> list[NodebakeError]:
    """One error for each layer and link: a directory of twenty programs is one mistake."""
    problems: list[NodebakeError] = []
    told: set[tuple[int, str]] = set()
    for layer, effect in pairs:
        over = over_link(effect.path)
        if over and (id(layer), over[0]) not in told:
            told.add((id(layer), over[0]))
            verb = "go through" if isinstance(effect, Delete) else "replace"
            problems.append(
                RecipeError(
                    f"`{effect.path}` would {verb} the link `/{over[0]}` of the base",
                    place=layer.place,
                    facts=[f"from `{layer.label}`"],
                    hint=f"write `{over[1]}`",
                )
            )
    return problems


def _twice(layer: Layer, other: Layer, message: str) -> RecipeError:
    return RecipeError(
        message,
        place=layer.place,
        facts=[f"by `{layer.label}` at {layer.place}", f"and `{other.label}` at {other.place}"],
        hint="leave it to one of them",
    )


def _units(layers: Iterable[Layer]) -> list[NodebakeError]:
    problems: list[NodebakeError] = []
    said: dict[str, tuple[str, Layer]] = {}
    for layer in layers:
        for effect in layer.effects:
            if not isinstance(effect, UnitState):
                continue
            state, other = said.setdefault(effect.unit, (effect.state, layer))
            if state != effect.state:
                problems.append(
                    RecipeError(
                        f"`{effect.unit}` is to be both {state}d and {effect.state}d".replace(
                            "maskd", "masked"
                        ),
                        place=layer.place,
                        facts=[f"`{state}` comes from `{other.label}` at {other.place}"],
                        hint="keep one of them",
                    )
                )
    return problems


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]
