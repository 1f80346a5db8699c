# SPDX-License-Identifier: Apache-2.0
"""Layer kinds by name, imported when first used: a run pays only for what its recipe names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from pydantic import BaseModel

from builder.recipe.effect import Effect
from builder.recipe.layer import KINDS
from builder.recipe.scope import Scope


@dataclass(frozen=True)
class Kind:
    """A kind of layer."""

    name: str
    model: type[BaseModel]
    expand: Callable[[BaseModel, Scope], list[Effect]]


def kind(name: str) -> Kind:
    """The kind called `name`, one of `KINDS`."""
    module = import_module(f"builder.recipe.layer.{name}")
    return Kind(name, module.Model, module.expand)


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of their documentation."""
    return tuple(kind(name) for name in KINDS)
