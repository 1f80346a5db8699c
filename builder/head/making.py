# SPDX-License-Identifier: Apache-2.0
"""An instance is made beside the others, and is there with one rename."""

from __future__ import annotations

import errno
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError
from builder.head import files, identity, instance, machine
from builder.head.instance import Instance
from builder.head.inventory import Inventory, Node
from builder.head.layout import Layout
from builder.head.manifest import Release
from builder.head.taking import full

MARK = "# nodebake-head: this node's own lines"
CARRIED = "carried"
"""The file of an instance that names what is in its boot directory for the sake of the one before."""
_EXTRA = "etc/default/raspi-extra-cmdline"
DISK = 8 << 30
"""Bytes of the disk of a node whose writable layer lies in a file here."""
BOOT_TIME = 300
"""Seconds after which no boot that has begun still asks for files: what was carried for it need not go on."""
OWN = frozenset(
    ["etc/hostname", "etc/machine-id", "etc/fstab", "etc/nodebake", "etc/nodebake/node", _EXTRA]
    + ["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub"]
)
"""What the head itself writes into a private root."""


@dataclass(frozen=True)
class Make:
    """Make `wanted`, an instance of `release`, for `node`."""

    layout: Layout
    inventory: Inventory
    node: Node
    release: Release
    wanted: Instance

    def describe(self) -> str:
        how = {"": "", "copy": ", a full copy of its root", "reflink": ", its root by reflink"}
        return f"make {self.node.name}/{self.wanted.name}{how[self.wanted.copied]}"

    def run(self) -> None:
        final = self.layout.instance(self.node.name, self.wanted.name)
        making = final.with_name(f".{final.name}.making")
        try:
            files.clear(making)
            making.mkdir(parents=True)
            self._fill(making)
            making.rename(final)
        except OSError as error:
            files.clear(making)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.layout) from error
            raise
        except NodebakeError:
            files.clear(making)
            raise

    def _fill(self, making: Path) -> None:
        release = self.layout.release(self.release.recipe, self.release.version)
        if self.wanted.mode == "private":
            share = self.wanted.copied == "reflink"
            machine.copy_tree(release / "boot", making / "boot", share=share)
            machine.copy_tree(release / "root", making / "root", share=share)
            self._settle_in(making / "root")
        else:
            (making / "boot" / self.release.prefix).mkdir(parents=True)
            for folder in (self.release.prefix, "."):
                files.link_files(release / "boot" / folder, making / "boot" / folder)
            if self.wanted.writable == "loop":
                make_disk(self.layout.instances / self.node.name / "data/data.img")
        files.write(making / "boot" / self.release.prefix / "cmdline.txt", f"{self.wanted.cmdline}\n")
        if self.node.serial:
            # A board that asks below its serial number finds the same files there.
            (making / "boot" / self.node.serial).symlink_to(".")
        files.write(making / "instance.json", instance.dump(self.wanted))

    def _settle_in(self, root: Path) -> None:
        """Put the node's identity and its mounts into its own root."""
        source = self.layout.identities / self.node.name
        for path in sorted(each for each in source.rglob("*") if each.is_file()):
            inner = path.relative_to(source)
            if str(inner) == "etc/fstab" or path.name.startswith("."):
                continue
            place = inside(root, inner)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            shutil.copy2(path, place)
        boot = self.layout.instance(self.node.name, self.wanted.name) / "boot"
        mount = "/boot/firmware" if (root / "boot/firmware").is_dir() else "/boot"
        own = [
            MARK,
            f"{self.inventory.address}:{boot} {mount} nfs {identity.NFS},nofail 0 0",
            (source / "etc/fstab").read_text(encoding="utf-8").rstrip(),
        ]
        fstab = inside(root, Path("etc/fstab"))
        before = fstab.read_text(encoding="utf-8") if fstab.exists() else ""
        files.write(fstab, "\n".join([before.rstrip(), *own]).lstrip("\n") + "\n")
        (root / mount.lstrip("/")).mkdir(parents=True, exist_ok=True)
        if (root / "etc/default").is_dir():
            # What a kernel upgrade on the node writes into cmdline.txt, besides its own words.
            files.write(inside(root, Path(_EXTRA)), f"{self.wanted.cmdline}\n")


def make_disk(image: Path) -> None:
    """The file system in a file that a node writes to, once and for all: it takes room as it fills."""
    if image.exists():
        return
    image.parent.mkdir(exist_ok=True)
    making = image.with_name(f".{image.name}.part")
    with making.open("wb") as stream:
        stream.truncate(DISK)
    # Zeros are there already: nothing of its tables and journal need be written.
    lazy = "lazy_itable_init=1,lazy_journal_init=1"
    label = ["-L", "nodebake-data"]
    machine.run(["mke2fs", "-q", "-F", "-t", "ext4", *label, "-J", "size=16", "-E", lazy, str(making)])
    making.rename(image)


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


def inside(root: Path, path: Path) -> Path:
    """`path` below `root`. Raises NodebakeError where a link on the way leads out of it."""
    place = root / path
    parent = place.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.resolve().is_relative_to(root.resolve()):
        raise NodebakeError(
            f"`{path}` of the root leads out of it",
            facts=[f"`{place.parent}` is `{place.parent.resolve()}`"],
            hint="a root that is published has no such link",
        )
    return place
