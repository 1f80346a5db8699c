# SPDX-License-Identifier: Apache-2.0
"""A recipe's typed variables: declared with a default, set with `--set name=value`."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from builder.recipe import size
from builder.recipe.document import Data
from builder.recipe.near import listed
from builder.recipe.strict import Strict

Type = Literal["string", "integer", "boolean", "size", "list", "choice"]
RESERVED = frozenset({"base", "boards", "site", "cluster", "true", "false", "none", "loop", "self"})
NAME = re.compile(r"[a-z][a-z0-9_]*")


class VariableModel(Strict):
    """A typed variable. Used in strings as `{{ name }}`; without a default it must be set."""

    type: Type = Field("string", description="what values it takes; `list` is a list of strings")
    default: Any = Field(None, description="its value unless set with `--set`")
    cluster: str | None = Field(
        None, description="what of cluster.yaml it takes, where there is one, as in `head.address`"
    )
    choices: list[str] = Field([], description="the values that a `choice` may have")
    help: str = Field("", description="one line for people")


def conform(variable: VariableModel, value: Data) -> Data:
    """`value` as the variable's type keeps it; ValueError when it is of another type."""
    kind = variable.type
    if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError("wants a whole number")
    if kind == "boolean" and not isinstance(value, bool):
        raise ValueError("wants `true` or `false`")
    if kind == "string" and not isinstance(value, str):
        raise ValueError("wants a string")
    if kind == "list" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise ValueError("wants a list of strings")
    if kind == "size":
        return size.text(_size(value))
    if kind == "choice" and value not in variable.choices:
        raise ValueError(f"wants {listed(variable.choices)}" if variable.choices else "has no `choices`")
    return value


def _size(value: Data) -> int:
    try:
        return size.parse(value)
    except ValueError:
        raise ValueError("wants a size, as in `512M` or `1G`") from None


def from_text(variable: VariableModel, text: str) -> Data:
    """The value that `--set name=text` means; ValueError when it is of another type."""
    if variable.type == "integer":
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise ValueError("wants a whole number")
        return int(text)
    if variable.type == "boolean":
        if text not in ("true", "false"):
            raise ValueError("wants `true` or `false`")
        return text == "true"
    if variable.type == "list":
        return [item.strip() for item in text.split(",") if item.strip()]
    return conform(variable, text)
