# SPDX-License-Identifier: Apache-2.0
"""Variables of a chain of recipes and what `--set` makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.chain import Link
from builder.recipe.document import Data
from builder.recipe.near import did_you_mean
from builder.recipe.recipe import Origin, origin
from builder.recipe.validate import validate
from builder.recipe.variable import NAME, RESERVED, VariableModel, conform, from_text

SETTABLE = ("base", "boards")


@dataclass
class Variables:
    """Values by name, and where each came from. Filled by :func:`gather`."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)


@dataclass(frozen=True)
class _Declared:
    model: VariableModel
    value: Any
    source: str
    place: Place


def gather(
    chain: Sequence[Link],
    settings: Mapping[str, str],
    problems: list[NodebakeError],
    cluster: Mapping[str, Any] | None = None,
) -> Variables:
    """The variables of all files of the chain; the includer's declaration wins.

    `cluster` is cluster.yaml as templates see it, where there is one.
    """
    declared: dict[str, _Declared] = {}
    for link in chain:
        source = "recipe" if link is chain[-1] else f"include {link.name}"
        given = link.document.data.get("variables") if isinstance(link.document.data, dict) else None
        for name, body in given.items() if isinstance(given, dict) else ():
            declared[name] = _declare(link, name, body, source, problems)
    variables = Variables()
    for name, variable in declared.items():
        value, source, place = variable.value, variable.source, variable.place
        if name in settings:
            source = "--set"
            try:
                value = from_text(variable.model, settings[name])
            except ValueError as error:
                problems.append(RecipeError(f"`--set {name}={settings[name]}`: the variable {error}"))
        elif variable.model.cluster is not None and cluster is not None:
            source = "cluster.yaml"
            value = _of_cluster(variable, cluster, problems)
        elif variable.model.default is None:
            advice = f"give it a `default`, or build with `--set {name}=…`"
            problems.append(RecipeError(f"the variable `{name}` has no value", place=place, hint=advice))
        variables.values[name] = value
        variables.origins.append(origin(name, value, source, None if source == "--set" else place))
    for key in settings:
        if key not in declared and key not in SETTABLE:
            hint = did_you_mean(key, [*declared, *SETTABLE], what="what can be set")
            problems.append(RecipeError(f"`--set {key}`: there is no such variable", hint=hint))
    return variables


def _declare(
    link: Link,
    name: str,
    body: Data,
    source: str,
    problems: list[NodebakeError],
) -> _Declared:
    document, path = link.document, ("variables", name)
    if not NAME.fullmatch(name) or name in RESERVED:
        why = "is taken" if name in RESERVED else "is no name for a variable"
        hint = "choose another name: lower-case letters, digits and _"
        problems.append(RecipeError(f"`{name}` {why}", place=document.key(path), hint=hint))
    silent: list[NodebakeError] = []  # the file's own check tells these
    model = validate(VariableModel, body, document, path, silent)
    if model is None:
        return _Declared(VariableModel(default=""), "", source, document.key(path))
    value = model.default
    if value is not None:
        try:
            value = conform(model, value)
        except ValueError as error:
            place = document.place((*path, "default"))
            problems.append(RecipeError(f"the default of `{name}`: {error}", place=place))
    return _Declared(model, value, source, document.key(path))


def _of_cluster(variable: _Declared, cluster: Mapping[str, Any], problems: list[NodebakeError]) -> Any:
    """What cluster.yaml says at the variable's dotted path."""
    found: Any = cluster
    for key in (variable.model.cluster or "").split("."):
        if not isinstance(found, Mapping) or key not in found:
            keys = found if isinstance(found, Mapping) else ()
            message = f"cluster.yaml says nothing at `{variable.model.cluster}`"
            hint = did_you_mean(key, keys, what=f"keys beside `{key}`")
            problems.append(RecipeError(message, place=variable.place, hint=hint))
            return variable.value
        found = found[key]
    try:
        return conform(variable.model, found)
    except ValueError as error:
        problems.append(
            RecipeError(
                f"`{variable.model.cluster}` of cluster.yaml: the variable {error}", place=variable.place
            )
        )
    return variable.value
