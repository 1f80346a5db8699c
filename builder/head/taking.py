# SPDX-License-Identifier: Apache-2.0
"""A release comes to the head: checked byte for byte beside the exports, then there with one rename."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError, NodebakeError
from builder.head import files, machine, manifest
from builder.head.layout import Layout
from builder.head.manifest import Artifact, Release

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Take:
    """Bring `release` from `source` to its place; what another release has of it is linked, not copied."""

    layout: Layout
    release: Release
    source: Path

    def describe(self) -> str:
        return f"take {self.release.label} from {self.source}"

    def run(self) -> None:
        final = self.layout.release(self.release.recipe, self.release.version)
        making = final.with_name(f".{final.name}.making")
        files.clear(making)
        making.mkdir(parents=True)
        try:
            self._fill(making)
        except OSError as error:
            files.clear(making)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.layout) from error
            raise
        except NodebakeError:
            files.clear(making)
            raise
        machine.settle(making)
        making.rename(final)

    def _fill(self, making: Path) -> None:
        held = dict(artifacts(self.layout))
        for name in ("manifest.json", "manifest.json.sig"):
            shutil.copyfile(self.source / name, making / name)
        for artifact in self.release.artifacts:
            source = self.source / artifact.name
            if artifact.sha256 in held:
                # It was checked when it came; `nodebake-head verify` reads everything again.
                os.link(held[artifact.sha256], making / artifact.name)
            elif source.exists():
                copy_checked(source, making / artifact.name, artifact)
            elif artifact.name in self.release.served:
                raise NodebakeError(
                    f"`{artifact.name}` of {self.release.label} is missing",
                    hint="run `nodebake publish` again, it uploads what the head lacks",
                )
        unpack_boot(making / self.release.boot, making / "boot", self.release)
        if self.release.root:
            unpack_root(making / self.release.root, making / "root")


def artifacts(layout: Layout) -> Iterator[tuple[str, Path]]:
    """All artifacts that the head holds: sha256 and place."""
    places = (*layout.releases.glob("[!.]*/[!.]*"), *layout.adopted.glob("[!.]*/[!.]*"))
    for folder in sorted(places):
        try:
            release = manifest.read(folder)
        except NodebakeError:
            continue
        for artifact in release.artifacts:
            path = folder / artifact.name
            if path.is_file() and path.stat().st_size == artifact.size:
                yield artifact.sha256, path


def copy_checked(source: Path, target: Path, artifact: Artifact) -> None:
    """Copy a file and hash what is written, so that nobody changes it in between. Raises NodebakeError."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            writing.write(chunk)
    target.chmod(0o644)
    if digest.hexdigest() != artifact.sha256:
        raise NodebakeError(
            f"`{artifact.name}` is not what the manifest says",
            facts=[f"wanted sha256 {artifact.sha256}", f"found  sha256 {digest.hexdigest()}"],
            hint="it was damaged on its way: remove it and run `nodebake publish` again",
        )


def unpack_boot(archive: Path, target: Path, release: Release) -> None:
    """Unpack the boot directory. Only files, folders and hard links inside it are taken."""
    target.mkdir()
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            parts = [part for part in member.name.split("/") if part not in ("", ".")]
            if not parts and member.isdir():
                continue
            if ".." in parts or member.name.startswith("/"):
                raise _odd(archive, member.name)
            place = target.joinpath(*parts)
            if member.isdir():
                place.mkdir(exist_ok=True, parents=True)
            elif member.islnk():
                linked = [part for part in member.linkname.split("/") if part not in ("", ".")]
                if ".." in linked:
                    raise _odd(archive, member.name)
                os.link(target.joinpath(*linked), place)
            elif member.isreg() and (stream := tar.extractfile(member)):
                place.parent.mkdir(exist_ok=True, parents=True)
                with place.open("xb") as writing:
                    shutil.copyfileobj(stream, writing, _CHUNK)
                place.chmod(0o644)
                os.utime(place, (member.mtime, member.mtime))
            else:
                raise _odd(archive, member.name)
    prefix = target / release.prefix
    lacking = [name for name in ("config.txt", release.prefix) if not (target / name).exists()]
    lacking += [
        f"{release.prefix}{name}"
        for board in release.boards
        for name in (board.kernel, board.initramfs)
        if name and not (prefix / name).is_file()
    ]
    if lacking:
        raise NodebakeError(
            f"the boot directory of {release.label} is not whole",
            facts=[f"`{name}` is missing" for name in lacking],
            hint="build the release again",
        )


def unpack_root(archive: Path, target: Path) -> None:
    """Unpack a private root with owners, links and attributes: it comes from a signed release."""
    target.mkdir()
    machine.run(
        ["tar", "--extract", "--zstd", "--file", str(archive), "--directory", str(target)]
        + ["--numeric-owner", "--same-permissions", "--xattrs", "--xattrs-include=*"]
    )


def full(layout: Layout) -> NodebakeError:
    """No room on the head's disk."""
    return LackingError(
        f"no space left on the disk of `{layout.pxe}`",
        facts=["every node boots what it booted before"],
        hint="`nodebake-head gc --keep 1` removes former releases; then run it again",
    )


def _odd(archive: Path, name: str) -> NodebakeError:
    return NodebakeError(
        f"`{archive.name}` holds `{name}`, which a boot directory has not",
        hint="it was not made by this nodebake",
    )
