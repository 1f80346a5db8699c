# SPDX-License-Identifier: Apache-2.0
"""`nodebake show`: each value of the resolved recipe and where it came from."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.errors import Exit
from builder.report.report import Report

if TYPE_CHECKING:
    from builder.recipe.recipe import Layer, Origin, Recipe


def run(arguments: Namespace, report: Report) -> Exit:
    recipe = project_of(arguments).recipe(arguments.recipe, arguments.set)
    if arguments.json:
        report.json(as_json(recipe))
    else:
        report.data("\n".join(as_text(recipe)))
    return Exit.DONE


def as_text(recipe: Recipe) -> Iterator[str]:
    """Lines `key = value  (source place)`, then the layers with what each amounts to."""
    yield f"{recipe.name}: {recipe.summary}"
    yield f"base {recipe.base.name} ({recipe.base.release} {recipe.base.architecture})"
    yield f"boards {', '.join(board.name for board in recipe.boards)}"
    yield f"kernels {', '.join(kernel.package for kernel in recipe.kernels)}"
    yield ""
    rows = [(f"{origin.key} = {_short(origin.value)}", _source(origin)) for origin in recipe.origins]
    width = max((len(left) for left, _ in rows), default=0)
    for left, right in rows:
        yield f"{left:<{width}}  ({right})"
    yield ""
    yield "layers"
    named = [(_layer_name(layer), layer) for layer in recipe.layers]
    width = max((len(name) for name, _ in named), default=0)
    for name, layer in named:
        yield f"  {name:<{width}}  {_effects(len(layer.effects))}  ({layer.place})"
    yield ""
    yield "outputs"
    for output in recipe.outputs:
        yield f"  {output.name}"
    if recipe.wants:
        yield ""
        yield f"given at flash time, never baked in: {', '.join(recipe.wants)}"


def as_json(recipe: Recipe) -> dict[str, object]:
    """The same for programs."""
    return {
        "recipe": recipe.name,
        "summary": recipe.summary,
        "base": plain(recipe.base),
        "boards": plain(recipe.boards),
        "kernels": plain(recipe.kernels),
        "values": plain(recipe.origins),
        "layers": [
            {
                "kind": layer.kind,
                "label": layer.label,
                "place": plain(layer.place),
                "effects": [{"effect": type(effect).__name__, **_fields(effect)} for effect in layer.effects],
            }
            for layer in recipe.layers
        ],
        "outputs": plain(recipe.outputs),
        "wants": list(recipe.wants),
    }


def _fields(effect: object) -> dict[str, object]:
    told = plain(effect)
    return told if isinstance(told, dict) else {}


def _short(value: object, limit: int = 100) -> str:
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _layer_name(layer: Layer) -> str:
    return layer.label if layer.label.startswith(layer.kind) else f"{layer.kind} {layer.label}"


def _effects(count: int) -> str:
    return "1 effect" if count == 1 else f"{count} effects"


def _source(origin: Origin) -> str:
    return f"{origin.source} {origin.place}" if origin.place else origin.source
