# SPDX-License-Identifier: Apache-2.0
"""A node in mid-boot goes on asking for the files that it began with: the next instance has them too.

They lie in its boot directory beside its own, named by the file `carried`: the folder of the former release,
and files at the top whose names tell their version.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.node.instance import Instance

CARRIED = "carried"
BOOT_TIME = 300
"""Seconds after which no boot that has begun still asks for files: what was carried for it need not go on."""


@dataclass(frozen=True)
class Carry:
    """Let `after` serve what a node that began to boot `before` will still ask for."""

    layout: Layout
    before: Instance
    after: Instance

    def describe(self) -> str:
        return f"let {self.after.node}/{self.after.name} serve a boot that began with {self.before.name}"

    def run(self) -> None:
        source = self.layout.instance(self.before.node, self.before.name) / "boot"
        place = self.layout.instance(self.after.node, self.after.name)
        names = sorted(_named(self.layout, self.before) - _names(place / "boot"))
        files.write(place / CARRIED, "".join(f"{name}\n" for name in [*carried_names(place), *names]))
        # A node may write into a boot directory of its own: then nothing in it is anybody else's.
        bring = _link if self.after.mode != "private" else _keep if self.before.mode == "private" else _copy
        for name in names:
            making = place / "boot" / f".{name}.making"
            files.clear(making)
            bring(source / name, making)
            making.rename(place / "boot" / name)


def carried(layout: Layout, before: Instance, after: Instance) -> bool:
    """Whether `after` serves a boot that began with `before` already."""
    return _named(layout, before) <= _names(layout.instance(after.node, after.name) / "boot")


def carried_names(place: Path) -> list[str]:
    """What is in the instance's boot directory for the sake of others."""
    path = place / CARRIED
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _named(layout: Layout, instance: Instance) -> set[str]:
    """What a boot that is under way may ask for at the top: files there, and the folders of releases."""
    place = layout.instance(instance.node, instance.name)
    found = {name for name in _names(place / "boot") if not (place / "boot" / name).is_symlink()}
    if carried_names(place) and (place / CARRIED).stat().st_mtime < time.time() - BOOT_TIME:
        return found - set(carried_names(place))
    return found


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    except FileNotFoundError:
        return set()


def _link(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        files.link_files(source, target)
    else:
        os.link(source, target)


def _copy(source: Path, target: Path) -> None:
    """Copy from a boot directory of links to its release."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _keep(source: Path, target: Path) -> None:
    """Copy from a boot directory that a node writes into: no link of its own making is followed."""
    machine.copy_tree(source, target, share=False)
