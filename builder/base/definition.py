# SPDX-License-Identifier: Apache-2.0
"""Bases: one YAML file each in this folder. Adding one is adding its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from builder.base.archives import PUBLIC
from builder.board.definition import Flavour
from builder.errors import NodebakeError, Problems, RecipeError
from builder.recipe.document import decode
from builder.recipe.recipe import Base, Kernel, Suite
from builder.recipe.strict import Strict
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import parse

_FOLDER = Path(__file__).parent


class SuiteModel(Strict):
    """One suite of an archive, which is named by its word."""

    archive: str = Field(description="word of an archive")
    suite: str = Field(description="suite name below the archive's `dists/`")
    components: list[str] = Field(min_length=1, description="components to use")
    architectures: list[str] = Field([], description="those that it has, where it lacks some of the base's")


class KernelModel(Strict):
    """The kernel of one flavour."""

    package: str = Field(description="the package that brings in its newest version")
    architecture: str = Field("", description="dpkg's name, where it is not the base's own")
    modules: str = Field(description="its folder in /usr/lib/modules; a glob")
    boot_files: list[str] = Field(min_length=1, description="what it has in /boot/firmware; globs")
    config: list[str] = Field([], description="lines of config.txt that it takes")


class SerialModel(Strict):
    """A kernel's names of the two kinds of serial port."""

    mini: str = Field(description="the one without a clock of its own")
    pl011: str = Field(description="the full one")


class BaseFile(Strict):
    """A distribution to build on."""

    format: Literal[1] = Field(description="the format of this file")
    architecture: str = Field(description="dpkg's name of the architecture")
    instructions: Literal["armv5", "armv6", "armv7", "armv8"] = Field(
        description="the instruction set that its programs are built for"
    )
    release: str = Field(description="code name of the release")
    suites: list[SuiteModel] = Field(min_length=1, description="where packages come from")
    merged_usr: bool = Field(description="whether packages bring /bin, /lib, /sbin as links into /usr")
    packages: list[str] = Field(description="what every tree needs, besides kernels")
    kernels: dict[Flavour, KernelModel] = Field(min_length=1, description="by flavour")
    firmware: Literal["raspi-firmware", "raspberrypi"] = Field(description="what fills /boot/firmware")
    boot_files: list[str] = Field(description="what must lie in /boot/firmware for any board; globs")
    serial: SerialModel = Field(description="what its kernels call a board's serial port")
    overlays: bool = Field(description="whether there are overlays for `dtoverlay=`")
    unfit: dict[str, str] = Field({}, description="board to why it cannot run this base")
    tools: list[SuiteModel] = Field([], description="where the build's programs come from, if not `suites`")
    config: list[str] = Field([], description="lines of config.txt, whatever the kernels")
    mask: list[str] = Field([], description="units that nothing may start")
    refused: dict[str, str] = Field({}, description="package to why no recipe may ask for it")


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
    named = [("suites", model.suites), ("tools", model.tools)] if model else []
    for key, i, suite in ((key, i, suite) for key, suites in named for i, suite in enumerate(suites)):
        if suite.archive not in PUBLIC:
            place = document.place((key, i, "archive"))
            problems.append(RecipeError(f"`{suite.archive}` is no archive's word", place=place))
    if problems or model is None:
        raise Problems(problems)
    return Base(
        name=name,
        architecture=model.architecture,
        instructions=model.instructions,
        release=model.release,
        suites=tuple(_suite(suite) for suite in model.suites),
        packages=tuple(model.packages),
        kernels=tuple(_kernel(flavour, kernel, model) for flavour, kernel in model.kernels.items()),
        firmware=model.firmware,
        boot_files=tuple(model.boot_files),
        serial=tuple(model.serial.model_dump().items()),
        merged_usr=model.merged_usr,
        overlays=model.overlays,
        unfit=tuple(sorted(model.unfit.items())),
        tools=tuple(_suite(suite) for suite in model.tools),
        config=tuple(model.config),
        mask=tuple(model.mask),
        refused=tuple(sorted(model.refused.items())),
    )


def _suite(suite: SuiteModel) -> Suite:
    return Suite(suite.archive, suite.suite, tuple(suite.components), tuple(suite.architectures))


def _kernel(flavour: str, kernel: KernelModel, base: BaseFile) -> Kernel:
    architecture = kernel.architecture or base.architecture
    return Kernel(
        flavour, kernel.package, architecture, kernel.modules, tuple(kernel.boot_files), tuple(kernel.config)
    )
