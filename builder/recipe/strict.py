# SPDX-License-Identifier: Apache-2.0
"""What all models of files share: nothing unknown, nothing converted, nothing changed later."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, RootModel


class Strict(BaseModel):
    """A mapping of a file. Built at first use, because most runs use few of the models."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class StrictList(RootModel[list[str]]):
    """A layer whose body is a plain list of strings."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)
