# SPDX-License-Identifier: Apache-2.0
"""`services: {enable: […], disable: […], mask: […], dropins: {…}}`: systemd units."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from builder.recipe.effect import Effect, Inline, UnitState, WriteFile
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

_KINDS = "service|socket|timer|target|path|mount|automount|swap|slice"
_UNIT = re.compile(rf"[A-Za-z0-9:_.\\@-]+\.({_KINDS})")
_DROPIN = re.compile(r"[A-Za-z0-9_.@-]+\.conf")


class Model(Strict):
    """What systemd starts, what it does not, and additions to units."""

    enable: list[str] = Field([], description="units to enable")
    disable: list[str] = Field([], description="units to disable")
    mask: list[str] = Field([], description="units that nothing may start")
    dropins: dict[str, dict[str, str]] = Field({}, description="unit to file name (`10-x.conf`) to text")


def expand(model: Model, scope: Scope) -> list[Effect]:
    effects: list[Effect] = []
    states: tuple[tuple[Literal["enable", "disable", "mask"], list[str]], ...] = (
        ("enable", model.enable),
        ("disable", model.disable),
        ("mask", model.mask),
    )
    for state, units in states:
        for i, unit in enumerate(units):
            _check_unit(unit, scope, state, i)
            effects.append(UnitState(unit, state))
    for unit, files in model.dropins.items():
        _check_unit(unit, scope, "dropins", unit)
        for name, text in files.items():
            if not _DROPIN.fullmatch(name):
                hint = "name it like `10-limits.conf`"
                scope.problem(
                    f"`{name}` is no name for a drop-in", "dropins", unit, name, hint=hint, key=True
                )
                continue
            ended = text if text.endswith("\n") else text + "\n"
            effects.append(WriteFile(f"etc/systemd/system/{unit}.d/{name}", Inline(ended.encode())))
    return effects


def _check_unit(unit: str, scope: Scope, *at: str | int) -> None:
    if not _UNIT.fullmatch(unit):
        hint = None if "." in unit else f"with its kind: `{unit}.service`"
        scope.problem(f"`{unit}` is no unit", *at, hint=hint)
