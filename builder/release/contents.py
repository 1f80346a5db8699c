# SPDX-License-Identifier: Apache-2.0
"""What a manifest says of packages and files, from the lock and the tree's listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname, join, normpath

from builder.errors import NodebakeError, Problems
from builder.lock.lock import ArchiveState, Locked, LockedImage
from builder.release.manifest import Archive, ContainerImage, File, NonFree, Package
from builder.tree.entry import Entry, Kind

_NON_FREE = ("non-free/", "non-free-firmware/")
_MOST_LINKS = 8


def archives(states: Iterable[ArchiveState]) -> tuple[Archive, ...]:
    """The archives' states, sorted by word and suite."""
    found = (Archive(s.archive, s.suite, s.components, s.date, s.release_sha256) for s in states)
    return tuple(sorted(found, key=lambda archive: (archive.archive, archive.suite)))


def packages(locked: Iterable[Locked]) -> tuple[Package, ...]:
    """The packages, sorted by name and architecture."""
    found = (Package(p.name, p.version, p.architecture, p.sha256, p.source, p.section) for p in locked)
    return tuple(sorted(found, key=lambda package: (package.name, package.architecture)))


def images(locked: Iterable[LockedImage]) -> tuple[ContainerImage, ...]:
    """The images of registries, sorted by name."""
    found = (ContainerImage(image.name, image.platform, image.sha256) for image in locked)
    return tuple(sorted(found, key=lambda image: image.name))


def files(listing: Iterable[Entry]) -> tuple[File, ...]:
    """The whole tree, sorted by path."""
    return tuple(_file(entry) for entry in sorted(listing, key=lambda entry: entry.path))


def non_free(locked: Iterable[Locked], listing: Iterable[Entry]) -> tuple[NonFree, ...]:
    """The packages that are not free, each with its licence; raises when a licence is not in the tree."""
    tree = {entry.path: entry for entry in listing}
    found: list[NonFree] = []
    problems: list[NodebakeError] = []
    for package in sorted(locked, key=lambda package: package.name):
        if not package.section.startswith(_NON_FREE):
            continue
        path = f"usr/share/doc/{package.name}/copyright"
        entry = _follow(tree, path)
        if entry is None:
            problems.append(_unlicensed(package, path))
        else:
            found.append(NonFree(package.name, package.section, f"/{entry.path}", entry.sha256))
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    return tuple(found)


def _file(entry: Entry) -> File:
    return File(
        path=entry.path,
        type=entry.kind.value,
        mode=f"{entry.mode & 0o7777:04o}",
        uid=entry.uid,
        gid=entry.gid,
        mtime=entry.mtime,
        size=entry.size,
        sha256=entry.sha256,
        target=entry.target,
        device=entry.device,
        xattrs=entry.xattrs,
        links=entry.links,
    )


def _follow(tree: Mapping[str, Entry], path: str) -> Entry | None:
    """The file at `path`, through links: Debian links a package's documentation to its sibling's."""
    for _ in range(_MOST_LINKS):
        entry = tree.get(path)
        if entry and entry.kind == Kind.FILE:
            return entry
        if entry and entry.kind == Kind.LINK:
            path = _target(entry)
        elif (folder := tree.get(dirname(path))) and folder.kind == Kind.LINK:
            path = join(_target(folder), path.rpartition("/")[2])
        else:
            return None
    return None


def _target(link: Entry) -> str:
    return normpath(join("/", dirname(link.path), link.target)).lstrip("/")


def _unlicensed(package: Locked, path: str) -> NodebakeError:
    return NodebakeError(
        f"`{package.name}` is not free software, and the tree lacks its licence",
        facts=[f"section {package.section}", f"/{path} is missing"],
        hint="keep /usr/share/doc/*/copyright in the tree",
    )
