# SPDX-License-Identifier: Apache-2.0
"""What differs between two locks or releases: packages, images among them, and files. Pure.

A lock has no files, and a release does not say how large its packages are: sizes of packages are told
where both sides have them. Dates of files do not count, for every build gives its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.lock.lock import Lock
from builder.lock.request import short
from builder.release.manifest import File, Manifest


@dataclass(frozen=True)
class Thing:
    """A package or a file. `traits` are what it is told apart by; `size` in bytes, None when unknown."""

    name: str
    size: int | None
    traits: Mapping[str, str]


@dataclass(frozen=True)
class Contents:
    """One side of a comparison; `packages` are docker's images too, `files` is None for a lock."""

    packages: tuple[Thing, ...]
    files: tuple[Thing, ...] | None


@dataclass(frozen=True)
class Difference:
    """A thing that is not on both sides the same: a side where it is absent is None."""

    before: Thing | None
    after: Thing | None

    @property
    def name(self) -> str:
        thing = self.after or self.before
        return thing.name if thing else ""

    @property
    def state(self) -> str:
        """`added`, `gone` or `changed`."""
        if not self.before:
            return "added"
        return "changed" if self.after else "gone"

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that have changed."""
        if not (self.before and self.after):
            return ()
        before, after = self.before.traits, self.after.traits
        return tuple(name for name in after if before.get(name, "") != after[name])

    @property
    def growth(self) -> int | None:
        """Bytes that came, negative when they went; None when unknown."""
        sizes = [thing.size for thing in (self.before, self.after) if thing]
        if None in sizes:
            return None
        return (self.after.size or 0 if self.after else 0) - (self.before.size or 0 if self.before else 0)


def compare(before: Iterable[Thing], after: Iterable[Thing]) -> list[Difference]:
    """The differences, those that change the size most first."""
    old = {thing.name: thing for thing in before}
    new = {thing.name: thing for thing in after}
    found = [
        Difference(old.get(name), new.get(name))
        for name in old.keys() | new.keys()
        if name not in old or name not in new or old[name].traits != new[name].traits
    ]
    return sorted(found, key=lambda each: (-abs(each.growth or 0), each.name))


def of_lock(lock: Lock) -> Contents:
    """What a lock puts into the tree; a package's size is that of its .deb, an image's that of its pieces."""
    packages = (_package(p.name, p.architecture, p.version, p.sha256, p.size) for p in lock.packages)
    images = (_image(image.name, image.platform, image.sha256, image.size) for image in lock.images)
    return Contents((*packages, *images), None)


def of_release(manifest: Manifest) -> Contents:
    """What a release has."""
    packages = (_package(p.name, p.architecture, p.version, p.sha256, None) for p in manifest.packages)
    images = (_image(image.name, image.platform, image.sha256, None) for image in manifest.images)
    return Contents((*packages, *images), tuple(_file(file) for file in manifest.files))


def _package(name: str, architecture: str, version: str, sha256: str, size: int | None) -> Thing:
    return Thing(name, size, {"version": version, "architecture": architecture, "content": sha256})


def _image(name: str, platform: str, sha256: str, size: int | None) -> Thing:
    return Thing(name, size, {"version": short(sha256), "platform": platform, "content": sha256})


def _file(file: File) -> Thing:
    traits = {
        "content": file.sha256,
        "type": file.type,
        "mode": file.mode,
        "owner": f"{file.uid}:{file.gid}",
        "target": file.target,
        "device": file.device,
        "xattrs": repr(file.xattrs),
        "hard link": file.links,
    }
    return Thing(f"/{file.path}", file.size, traits)
