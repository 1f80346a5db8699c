# SPDX-License-Identifier: Apache-2.0
"""Drivers by name, imported when first used: a run pays only for those that its nodes name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module

from builder.power.driver import DRIVERS
from builder.power.outlet import Driver, Tell
from builder.recipe.strict import Strict


@dataclass(frozen=True)
class Kind:
    """A kind of driver. `sockets` says what one entry switches: `nodes`, `one` or `any`."""

    name: str
    model: type[Strict]
    sockets: str
    near_head: bool
    """Whether its `url` is one that the head sees."""
    connect: Callable[[Strict, Tell], AbstractAsyncContextManager[Driver]]


def kind(name: str) -> Kind:
    """The kind called `name`, one of `DRIVERS`."""
    module = import_module(f"builder.power.driver.{name}")
    near = getattr(module, "NEAR_HEAD", False)
    return Kind(name, module.Model, module.SOCKETS, near, module.connect)


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of their documentation."""
    return tuple(kind(name) for name in DRIVERS)
