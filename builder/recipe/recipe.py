# SPDX-License-Identifier: Apache-2.0
"""The resolved recipe: what all of reading amounts to, and all that lock and plan see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.errors import Place
from builder.recipe.effect import Effect


@dataclass(frozen=True)
class Suite:
    """One suite of one archive, named by the archive's word (`debian`, `debian-security`, …)."""

    archive: str
    suite: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Base:
    """A distribution to build on: architecture, archives, and the packages every tree needs."""

    name: str
    architecture: str
    release: str
    suites: tuple[Suite, ...]
    packages: tuple[str, ...]
    firmware: str
    """Which boot mechanism fills /boot/firmware: `raspi-firmware` is Debian's kernel hook."""
    boot_files: tuple[str, ...]
    """What must lie in /boot/firmware afterwards; globs."""


@dataclass(frozen=True)
class Board:
    """A board: what it runs and what it can do. Memory in MiB."""

    name: str
    title: str
    architectures: tuple[str, ...]
    device_trees: tuple[str, ...]
    memory: int
    netboot: bool


@dataclass(frozen=True)
class ImageOutput:
    """An sd-card image. Sizes in bytes; `free` is left free in the root file system."""

    name: str
    free: int
    boot_size: int
    compression_level: int


Output = ImageOutput


@dataclass(frozen=True)
class Origin:
    """A value of the resolved recipe and where it came from, for `nodebake show`.

    `source` is `recipe`, `include NAME`, `base NAME`, `site`, `--set` or `default`.
    """

    key: str
    value: Any
    source: str
    place: Place | None


@dataclass(frozen=True)
class Layer:
    """One layer of the recipe with what it amounts to, in the recipe's order."""

    kind: str
    label: str
    place: Place
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Recipe:
    """A recipe, resolved: nothing is left to look up."""

    name: str
    summary: str
    base: Base
    boards: tuple[Board, ...]
    layers: tuple[Layer, ...]
    outputs: tuple[Output, ...]
    origins: tuple[Origin, ...]
    sources_list: tuple[tuple[str, str], ...]
    """Archive word → public URI that the image's own sources list names."""
    wants: tuple[str, ...] = ()
    """Names of secrets that the node needs and that are given at flash time, never baked in."""

    def effects(self) -> tuple[Effect, ...]:
        """All effects in order."""
        return tuple(effect for layer in self.layers for effect in layer.effects)
