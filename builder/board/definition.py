# SPDX-License-Identifier: Apache-2.0
"""Boards: one YAML file each in this folder. Adding one is adding its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from builder.errors import NodebakeError, Problems
from builder.recipe.document import decode
from builder.recipe.recipe import Board
from builder.recipe.strict import Strict
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import parse

_FOLDER = Path(__file__).parent
Flavour = Literal["v6", "v7", "v8", "2712"]
"""Kernels by the processors that they are built for; `2712` has the larger pages of a Pi 5."""


class BoardFile(Strict):
    """A board: what it runs and what it can do."""

    format: Literal[1] = Field(description="the format of this file")
    title: str = Field(description="what the maker calls it")
    chip: str = Field(description="its processor, as the maker names it")
    instructions: Literal["armv6", "armv7", "armv8"] = Field(description="the newest that it executes")
    kernels: list[Flavour] = Field(min_length=1, description="flavours that boot it, best first")
    firmware: list[str] = Field(description="what its boot ROM reads from /boot/firmware; globs")
    device_trees: list[str] = Field(min_length=1, description="its device trees there; globs")
    serial: Literal["mini", "pl011"] = Field(description="the serial port on the pins of its header")
    section: str = Field(description="the filter that config.txt knows it by")
    memory: int = Field(description="MiB of the smallest model")
    ethernet: bool = Field(description="whether it has a port")
    netboot: Literal["none", "otp", "built-in", "eeprom"] = Field(description="what network boot takes")


def names() -> list[str]:
    """The boards that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def section(name: str) -> str:
    """The config.txt filter of the board called `name`."""
    return _file(name).section


@cache
def load(name: str) -> Board:
    """The board called `name`, one of `names()`."""
    return _board(name, _file(name))


def definition(name: str, raw: bytes) -> Board:
    """A board from the bytes of its file."""
    return _board(name, _read(name, raw))


@cache
def _file(name: str) -> BoardFile:
    return _read(name, (_FOLDER / f"{name}.yaml").read_bytes())


def _board(name: str, model: BoardFile) -> Board:
    return Board(
        name=name,
        title=model.title,
        chip=model.chip,
        instructions=model.instructions,
        kernels=tuple(model.kernels),
        firmware=tuple(model.firmware),
        device_trees=tuple(model.device_trees),
        serial=model.serial,
        memory=model.memory,
        ethernet=model.ethernet,
        netboot=model.netboot,
        section=model.section,
    )


def _read(name: str, raw: bytes) -> BoardFile:
    file = f"builder/board/{name}.yaml"
    document = parse(file, decode(file, raw))
    problems: list[NodebakeError] = []
    model = validate(BoardFile, document.data, document, (), problems)
    if model is None:
        raise Problems(problems)
    return model
