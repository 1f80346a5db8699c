# SPDX-License-Identifier: Apache-2.0
"""An instance is made beside the others, and is there with one rename."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError
from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.node import identity, instance
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory, Node
from builder.head.release.manifest import Release
from builder.head.release.taking import beside

MARK = "# nodebake-head: this node's own lines"
_EXTRA = "etc/default/raspi-extra-cmdline"
DISK = 8 << 30
"""Bytes of the disk of a node whose writable layer lies in a file here."""
OWN = frozenset(
    ["etc/hostname", "etc/machine-id", "etc/fstab", "etc/nodebake", "etc/nodebake/node", _EXTRA]
    + ["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub"]
    + ["etc/nodebake/allowed_signers", "etc/nodebake/revoked_signers"]
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
        with beside(self.layout, final) as making:
            self._fill(making)

    def _fill(self, making: Path) -> None:
        release = self.layout.release(self.release.recipe, self.release.version)
        data = self.layout.instances / self.node.name / "data"
        data.mkdir(mode=0o700, exist_ok=True)
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
                make_disk(data / "data.img")
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
    making = image.with_name(f".{image.name}.part")
    with making.open("wb") as stream:
        stream.truncate(DISK)
    # Zeros are there already: nothing of its tables and journal need be written.
    lazy = "lazy_itable_init=1,lazy_journal_init=1"
    label = ["-L", "nodebake-data"]
    machine.run(["mke2fs", "-q", "-F", "-t", "ext4", *label, "-J", "size=16", "-E", lazy, str(making)])
    making.rename(image)


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
