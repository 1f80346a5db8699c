# SPDX-License-Identifier: Apache-2.0
"""The resolved recipe: what all of reading amounts to, and all that lock and plan see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from builder.errors import Place
from builder.recipe.effect import AddSuite, Effect


@dataclass(frozen=True)
class Suite:
    """One suite of one archive, named by the archive's word (`debian`, `debian-security`, …)."""

    archive: str
    suite: str
    components: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    """The only ones that it has, where the node's apt would ask for others too."""


@dataclass(frozen=True)
class Kernel:
    """A kernel of a base. `architecture` is its package's, which may be foreign to the tree.

    `modules` is a glob of its folder in /usr/lib/modules, `boot_files` are globs of what it has in
    /boot/firmware.
    """

    flavour: str
    package: str
    architecture: str
    modules: str
    boot_files: tuple[str, ...]
    config: tuple[str, ...] = ()
    """Lines of config.txt that it takes."""


@dataclass(frozen=True)
class Base:
    """A distribution to build on: architecture, archives, kernels, and the packages every tree needs."""

    name: str
    architecture: str
    """dpkg's name."""
    instructions: str
    """The instruction set that its programs are built for, a word of `fit.INSTRUCTIONS`."""
    release: str
    suites: tuple[Suite, ...]
    packages: tuple[str, ...]
    kernels: tuple[Kernel, ...]
    firmware: str
    """Which boot mechanism fills /boot/firmware, a word of `build/step/firmware.py`."""
    boot_files: tuple[str, ...]
    """What must lie in /boot/firmware afterwards, whatever the boards; globs."""
    serial: tuple[tuple[str, str], ...]
    """A board's serial port → what its kernels call it."""
    merged_usr: bool
    """Whether its packages bring /bin, /lib and /sbin as links into /usr."""
    overlays: bool
    """Whether there are device tree overlays for `dtoverlay=` in config.txt."""
    unfit: tuple[tuple[str, str], ...] = ()
    """Board → why the base cannot run there, where instruction set and kernels do not tell it."""
    tools: tuple[Suite, ...] = ()
    """Where the build's own programs come from, if the base's archives have none for build machines."""
    config: tuple[str, ...] = ()
    """Lines of config.txt, whatever the kernels."""
    mask: tuple[str, ...] = ()
    """Units by which the distribution would set a node up in its own way, and nodebake does in its."""
    refused: tuple[tuple[str, str], ...] = ()
    """Package → why no recipe may ask for it."""


@dataclass(frozen=True)
class Board:
    """A board: what it runs and what it can do. Memory in MiB; of several models the smallest counts.

    `kernels` are flavours, best first. `firmware` and `device_trees` are globs of what it reads from
    /boot/firmware. `serial` is the port on the pins of its header, `mini` or `pl011`. `netboot` says
    what network boot takes: `none` it cannot, `otp` a bit that is set once, `built-in`, `eeprom`
    settings of its boot loader.
    """

    name: str
    title: str
    chip: str
    instructions: str
    kernels: tuple[str, ...]
    firmware: tuple[str, ...]
    device_trees: tuple[str, ...]
    serial: str
    memory: int
    ethernet: bool
    netboot: str
    section: str
    """The filter that config.txt knows it by."""


@dataclass(frozen=True)
class ImageOutput:
    """An sd-card image. Sizes in bytes; `free` is left free in the root file system.

    `trial` are the boards that boot it over the network, with its root on the card, before the card may.
    """

    name: str
    free: int
    boot_size: int
    compression_level: int
    trial: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetbootOutput:
    """A boot tree and a root for nodes that boot over the network.

    `mode`: `shared` is one read-only root for all, `private` one for each node that it may write to, `ram`
    the shared one, loaded once. `writable` says where a node of a shared or ram root keeps what it writes;
    `persist` are the folders of it that outlive a reboot, relative to the root.
    """

    name: str
    mode: Literal["shared", "private", "ram"]
    writable: Literal["tmpfs", "card", "loop"]
    persist: tuple[str, ...]

    @property
    def layered(self) -> bool:
        """Whether the root is made of layers, and not of files."""
        return self.mode != "private"


Output = ImageOutput | NetbootOutput


@dataclass(frozen=True)
class Origin:
    """A value of the resolved recipe and where it came from, for `nodebake show`.

    `source` is `recipe`, `include NAME`, `base NAME`, `site`, `cluster.yaml`, `--set` or `default`.
    """

    key: str
    value: Any
    source: str
    place: Place | None


def origin(key: str, value: Any, source: str, place: Place | None) -> Origin:
    """An origin, a list of the file's as a tuple: nothing of a recipe can change."""
    return Origin(key, tuple(value) if isinstance(value, list) else value, source, place)


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
    kernels: tuple[Kernel, ...]
    """Of the base, those that the boards want."""
    layers: tuple[Layer, ...]
    outputs: tuple[Output, ...]
    origins: tuple[Origin, ...]
    sources_list: tuple[tuple[str, str], ...]
    """Archive word → public URI, by which the image's own sources list and the provenance name it."""
    keyrings: tuple[tuple[str, bytes], ...] = ()
    """Archive word → its key, for those whose key Debian does not ship and the site gives."""
    wants: tuple[str, ...] = ()
    """Names of secrets that the node needs and that are given at flash time, never baked in."""

    def effects(self) -> tuple[Effect, ...]:
        """All effects in order."""
        return tuple(effect for layer in self.layers for effect in layer.effects)

    @property
    def suites(self) -> tuple[Suite, ...]:
        """Where packages come from: the base's suites, then those that layers add."""
        added = (Suite(e.archive, e.suite, e.components) for e in self.effects() if isinstance(e, AddSuite))
        return tuple(dict.fromkeys([*self.base.suites, *added]))
