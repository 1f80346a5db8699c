# SPDX-License-Identifier: Apache-2.0
"""Read everything again that nodes boot from, and tell what is not what it was published as."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError
from builder.head.ground import foreign
from builder.head.ground.layout import Layout
from builder.head.node import drift, instance
from builder.head.node.instance import Instance
from builder.head.release import boot_tar, manifest, signature
from builder.head.release.manifest import Release


@dataclass(frozen=True)
class Fault:
    """What is wrong with the file or folder at `path`."""

    path: str
    what: str


def faults(layout: Layout, tell: Callable[[str], None]) -> Iterator[Fault]:
    """All faults of releases, instances and links."""
    for folder in sorted(layout.releases.glob("[!.]*/[!.]*")):
        tell(f"reading {folder.parent.name}/{folder.name}")
        yield from _release(layout, folder)
    for each in instance.everywhere(layout):
        if each.mode != "private":
            yield from _shared(layout, each)
        yield from _own(layout, each)
    for link in sorted(layout.boot.glob("*")):
        if link.is_symlink() and not link.is_dir():
            yield Fault(str(link), f"leads nowhere: {link.readlink()}")


def _release(layout: Layout, folder: Path) -> Iterator[Fault]:
    try:
        signature.verify(layout, folder)
        release = manifest.read(folder)
    except NodebakeError as error:
        yield Fault(str(folder), error.message)
        return
    for artifact in release.artifacts:
        path = folder / artifact.name
        if artifact.name == release.boot:
            continue
        if not path.exists():
            if artifact.name in release.served:
                yield Fault(str(path), "is missing")
        elif drift.sha256(path) != artifact.sha256:
            yield Fault(str(path), "has other content than the manifest says")
    yield from _unpacked(folder, release)
    if release.root:
        root = folder / "root"
        known = {file["path"]: file for file in manifest.files(folder) if file["type"] == "f"}
        for path, file in known.items():
            place = root / path
            if not path.startswith("boot/") and (
                not place.is_file() or drift.sha256(place) != file["sha256"]
            ):
                yield Fault(str(place), "has other content than the manifest says")


def _unpacked(folder: Path, release: Release) -> Iterator[Fault]:
    """The boot directory, held against the archive that was signed."""
    try:
        digest = hashlib.sha256()
        for piece in boot_tar.assemble(folder):
            digest.update(piece)
        if digest.hexdigest() == release.artifact(release.boot).sha256:
            return
    except FileNotFoundError as error:
        yield Fault(str(error.filename), "is missing")
        return
    except (NodebakeError, OSError, ValueError, KeyError) as error:
        yield Fault(str(folder / boot_tar.INDEX), f"cannot be read: {error}")
        return
    wrong = [
        folder / "boot" / part.path
        for part in boot_tar.index(folder)
        if part.path and drift.sha256(folder / "boot" / part.path) != part.sha256
    ]
    for path in wrong or [folder / boot_tar.INDEX]:
        yield Fault(str(path), "has other content than the release's archive")


def _shared(layout: Layout, each: Instance) -> Iterator[Fault]:
    """An instance of links: what it serves are the release's own files."""
    source = layout.release(each.recipe, each.version) / "boot"
    boot = layout.instance(each.node, each.name) / "boot"
    for folder in (".", each.prefix):
        for entry in os.scandir(source / folder) if (source / folder).is_dir() else ():
            place = boot / folder / entry.name
            if entry.name == each.prefix.removesuffix("/"):
                continue
            if not place.exists():
                yield Fault(str(place), "is missing")
            elif not place.samefile(entry.path):
                yield Fault(str(place), "is not the release's file")


def _own(layout: Layout, each: Instance) -> Iterator[Fault]:
    place = layout.instance(each.node, each.name)
    path = place / "boot" / each.prefix / "cmdline.txt"
    words = foreign.read(place / "boot", path)
    if words is None or words.decode(errors="replace").strip() != each.cmdline:
        yield Fault(str(path), "is not the command line that it was made with")
    if not layout.release(each.recipe, each.version).is_dir():
        yield Fault(str(place), f"its release {each.release} is gone")
    if each.mode == "private" and not (place / "root").is_dir():
        yield Fault(str(place / "root"), "is missing")
