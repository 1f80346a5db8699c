# SPDX-License-Identifier: Apache-2.0
"""Bases: one YAML file each in this folder. Adding one is adding its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from builder.base.archives import PUBLIC
from builder.errors import NodebakeError, Problems, RecipeError
from builder.recipe.document import decode
from builder.recipe.recipe import Base, Suite
from builder.recipe.strict import Strict
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import parse

_FOLDER = Path(__file__).parent


class SuiteModel(Strict):
    """One suite of an archive, which is named by its word."""

    archive: str = Field(description="word of an archive")
    suite: str = Field(description="suite name below the archive's `dists/`")
    components: list[str] = Field(min_length=1, description="components to use")


class BaseFile(Strict):
    """A distribution to build on."""

    format: Literal[1] = Field(description="the format of this file")
    architecture: str = Field(description="dpkg's name of the architecture")
    release: str = Field(description="code name of the release")
    suites: list[SuiteModel] = Field(min_length=1, description="where packages come from")
    packages: list[str] = Field(description="what every tree needs")
    firmware: Literal["raspi-firmware"] = Field(description="what fills /boot/firmware")
    boot_files: list[str] = Field(description="globs of what must lie in /boot/firmware afterwards")


def names() -> list[str]:
    """The bases that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def load(name: str) -> Base:
    """The base called `name`, one of `names()`."""
    return definition(name, (_FOLDER / f"{name}.yaml").read_bytes())


def definition(name: str, raw: bytes) -> Base:
    """A base from the bytes of its file."""
    file = f"builder/base/{name}.yaml"
    document = parse(file, decode(file, raw))
    problems: list[NodebakeError] = []
    model = validate(BaseFile, document.data, document, (), problems)
    for i, suite in enumerate(model.suites if model else []):
        if suite.archive not in PUBLIC:
            place = document.place(("suites", i, "archive"))
            problems.append(RecipeError(f"`{suite.archive}` is no archive's word", place=place))
    if problems or model is None:
        raise Problems(problems)
    return Base(
        name=name,
        architecture=model.architecture,
        release=model.release,
        suites=tuple(Suite(s.archive, s.suite, tuple(s.components)) for s in model.suites),
        packages=tuple(model.packages),
        firmware=model.firmware,
        boot_files=tuple(model.boot_files),
    )
