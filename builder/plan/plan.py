# SPDX-License-Identifier: Apache-2.0
"""Recipe and lock to steps: values in, values out.

The order of a tree's steps: the helper; all packages at once; what the firmware's boot directory is
made of; then the recipe's own layers in their order, one step for each run of like effects; and what
makes the tree the same everywhere. Packages come before files whatever the recipe's order, for a
file that changed must not cost their installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from builder.base.archives import PUBLIC
from builder.base.sources_list import PATH as SOURCES
from builder.base.sources_list import deb822
from builder.errors import StaleLockError
from builder.image.identity import Identity, derive
from builder.lock.lock import Lock, Locked
from builder.plan.encode import encode
from builder.plan.root import from_card, over_network
from builder.plan.step import Step, digest
from builder.recipe.effect import (
    AddSuite,
    AddUser,
    CmdlineWord,
    ConfigTxt,
    Effect,
    Package,
    PreloadImage,
    RunScript,
    UnitState,
    WriteFile,
)
from builder.recipe.fit import kernels_for
from builder.recipe.recipe import ImageOutput, NetbootOutput, Output, Recipe

VERSIONS = {
    "helper": 2,
    "packages": 6,
    "mmdebstrap": 3,
    "firmware": 6,
    "files": 2,
    "images": 1,
    "users": 1,
    "units": 1,
    "script": 1,
    "finish": 7,
    "image": 6,
    "netboot": 2,
    "layer": 2,
}
"""The revision of each kind of step, output and part of one: raise it when what the kind makes changes."""

ENGINES = {"native": "packages", "mmdebstrap": "mmdebstrap"}
"""Engine → the step kind that installs all packages."""

# What an initramfs is made from; files below these are written before it is.
_EARLY = (
    "etc/initramfs-tools/",
    "etc/default/raspi-",
    "etc/kernel/",
    "etc/modprobe.d/",
    "etc/modules",
    "etc/udev/",
    "usr/share/initramfs-tools/",
)


@dataclass(frozen=True)
class Made:
    """An output of the plan, made from the tree that `steps` amount to."""

    output: Output
    id: str


@dataclass(frozen=True)
class Plan:
    """The steps of a recipe, in order, and its outputs."""

    recipe: Recipe
    epoch: int
    steps: tuple[Step, ...]
    outputs: tuple[Made, ...]
    seed: str
    """What the disk's names are derived from."""

    @property
    def identity(self) -> Identity:
        return derive(self.seed)

    @property
    def id(self) -> str:
        """Hex sha256 of the whole plan."""
        return digest([[step.id for step in self.steps], [made.id for made in self.outputs]])

    @property
    def helper(self) -> Step:
        return self.steps[0]

    @property
    def tree(self) -> tuple[Step, ...]:
        """The steps whose deltas are the tree, lowest first."""
        return self.steps[1:]


def make(recipe: Recipe, lock: Lock, machine: str, engine: str = "native") -> Plan:
    """The plan for `recipe` as locked, built on a machine of the architecture `machine`."""
    if machine not in lock.helpers:
        raise StaleLockError(
            f"the lock of `{recipe.name}` has no build tools for {machine}",
            hint=f"`nodebake lock {recipe.name} --update` on this machine adds them",
        )
    # By name alone: the disk's names stay from one release to the next.
    seed = digest([recipe.name, recipe.base.name])
    disk = derive(seed)
    helper = _helper(recipe, lock.helpers[machine], machine, lock.epoch)
    steps = [helper]

    def add(kind: str, label: str, inputs: dict[str, Any]) -> None:
        inputs = {**inputs, "epoch": lock.epoch}
        below = tuple(step.id for step in steps[1:])
        steps.append(Step(kind, VERSIONS[kind], label, inputs, below, helper.id))

    effects = [e for e in recipe.effects() if not isinstance(e, Package | AddSuite)]
    early = [e for e in effects if _is_early(e)]
    add(ENGINES[engine], _count(lock.packages, "package"), _packages(recipe, lock))
    add("firmware", "initramfs and boot directory", _firmware(recipe, disk, early))
    late = [e for e in effects if not _is_early(e) and not isinstance(e, ConfigTxt | CmdlineWord)]
    for kind, run in groupby(late, key=_kind):
        group = list(run)
        if kind == "script":
            for script in group:
                add(kind, _label(kind, [script]), {"effects": [encode(script)]})
        elif kind == "images":
            add(kind, _label(kind, group), {"images": _images(group, lock)})
        else:
            add(kind, _label(kind, group), {"effects": [encode(e) for e in group]})
    add("finish", "same bytes everywhere", _finish(recipe))
    outputs = tuple(_made(output, steps[-1].id, disk, lock.placement) for output in recipe.outputs)
    return Plan(recipe, lock.epoch, tuple(steps), outputs, seed)


def _made(output: Output, tree: str, disk: Identity, placement: str) -> Made:
    made_of = [VERSIONS[output.name], tree]
    if isinstance(output, ImageOutput):
        made_of += [encode(disk), placement]
    return Made(output, digest([encode(output), *made_of]))


def _helper(recipe: Recipe, packages: Sequence[Locked], machine: str, epoch: int) -> Step:
    debs = [p.sha256 for p in packages]
    return Step(
        "helper",
        VERSIONS["helper"],
        f"native tools, {_count(debs, 'package')}",
        {
            "debs": debs,
            "architecture": machine,
            "merged_usr": recipe.base.merged_usr,
            "epoch": epoch,
        },
    )


def _packages(recipe: Recipe, lock: Lock) -> dict[str, Any]:
    base, foreign = recipe.base, lock.request.foreign
    rows = [
        {"name": p.qualified(base.architecture), "sha256": p.sha256, "essential": p.essential}
        for p in lock.packages
    ]
    inputs = {"architecture": base.architecture, "merged_usr": base.merged_usr, "debs": rows}
    return {**inputs, "foreign": list(foreign)} if foreign else inputs


def _firmware(recipe: Recipe, disk: Identity, early: Sequence[Effect]) -> dict[str, Any]:
    effects = recipe.effects()
    netboot = next((output for output in recipe.outputs if isinstance(output, NetbootOutput)), None)
    own = over_network(netboot, recipe.boards) if netboot else from_card(disk)
    return {
        "mechanism": recipe.base.firmware,
        "root": own.root,
        "fstab": [list(row) for row in own.fstab],
        "initramfs": list(own.initramfs),
        "config": [[e.section, e.line] for e in effects if isinstance(e, ConfigTxt)],
        "cmdline": [*own.cmdline, *(e.word for e in effects if isinstance(e, CmdlineWord))],
        "boot_files": _boot_files(recipe),
        "consoles": _consoles(recipe),
        "effects": [encode(e) for e in early],
    }


def _images(group: Sequence[Effect], lock: Lock) -> list[dict[str, Any]]:
    """What the lock has for each image that is asked for; how it is fetched does not matter."""
    locked = {image.name: image for image in lock.images}
    names = [effect.name for effect in group if isinstance(effect, PreloadImage)]
    if absent := [name for name in names if name not in locked]:
        hint = f"`nodebake lock {lock.recipe} --update`"
        raise StaleLockError(f"the lock of `{lock.recipe}` lacks images", facts=absent, hint=hint)
    return [
        {"name": name, "sha256": image.sha256, "config": encode(image.config), "layers": encode(image.layers)}
        for name, image in ((name, locked[name]) for name in names)
    ]


def _boot_files(recipe: Recipe) -> list[str]:
    """Globs of what must lie in the boot directory: the base's, its kernels', its boards'."""
    globs = [*recipe.base.boot_files]
    for kernel in recipe.kernels:
        globs += kernel.boot_files
    for board in recipe.boards:
        globs += [*board.firmware, *board.device_trees]
    return list(dict.fromkeys(globs))


def _consoles(recipe: Recipe) -> list[str]:
    """Where the kernel's messages go: the boards' serial ports, and last, for it counts most, the screen."""
    names = dict(recipe.base.serial)
    ports = dict.fromkeys(names[board.serial] for board in recipe.boards)
    return [*(f"{port},115200" for port in ports), "tty0"]


def _finish(recipe: Recipe) -> dict[str, Any]:
    """The image's own sources and their keys, and the modules to look at where the boards are ARMv6."""
    old = tuple(board for board in recipe.boards if board.instructions == "armv6")
    modules = [kernel.modules for kernel in kernels_for(recipe.base, old)]
    keyrings = [[PUBLIC[word].keyring.lstrip("/"), encode(key)] for word, key in recipe.keyrings]
    inputs = {"sources": deb822(recipe), "sources_path": SOURCES, "armv6_modules": modules}
    return {**inputs, "keyrings": keyrings} if keyrings else inputs


def _is_early(effect: Effect) -> bool:
    return isinstance(effect, WriteFile) and effect.path.startswith(_EARLY)


def _kind(effect: Effect) -> str:
    if isinstance(effect, AddUser):
        return "users"
    if isinstance(effect, UnitState):
        return "units"
    if isinstance(effect, PreloadImage):
        return "images"
    return "script" if isinstance(effect, RunScript) else "files"


def _label(kind: str, effects: Sequence[Effect]) -> str:
    if kind == "users":
        return ", ".join(e.name for e in effects if isinstance(e, AddUser))
    if kind == "units":
        return _count(effects, "unit")
    if kind == "images":
        return ", ".join(e.name for e in effects if isinstance(e, PreloadImage))
    if kind == "script":
        return next(e.source.source for e in effects if isinstance(e, RunScript))
    return _count(effects, "file") if len(effects) > 1 else getattr(effects[0], "path", "1 file")


def _count(things: Sequence[object], noun: str) -> str:
    return f"1 {noun}" if len(things) == 1 else f"{len(things)} {noun}s"
