# SPDX-License-Identifier: Apache-2.0
"""A release comes to the head: checked byte for byte beside the exports, then there with one rename."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError, NodebakeError
from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.release import boot_tar, manifest
from builder.head.release.manifest import Artifact, Release
from builder.head.release.signature import Signed

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Take:
    """Bring `release` from `source` to its place; what another release has of it is linked, not copied."""

    layout: Layout
    release: Release
    source: Path
    signed: Signed

    def describe(self) -> str:
        return f"take {self.release.label} from {self.source}"

    def run(self) -> None:
        final = self.layout.release(self.release.recipe, self.release.version)
        with beside(self.layout, final) as making:
            self._fill(making)
            machine.settle(making)

    def _fill(self, making: Path) -> None:
        held = dict(artifacts(self.layout))
        (making / "manifest.json").write_bytes(self.signed.manifest)
        (making / "manifest.json.sig").write_bytes(self.signed.signature)
        for artifact in self.release.artifacts:
            source = held.get(artifact.sha256, self.source / artifact.name)
            if not source.exists():
                if artifact.name in self.release.served:
                    raise NodebakeError(
                        f"`{artifact.name}` of {self.release.label} is missing",
                        hint="run `nodebake publish` again, it uploads what the head lacks",
                    )
            elif artifact.name == self.release.boot:
                with source.open("rb") as archive:
                    boot_tar.unpack(archive, artifact, making / "boot", boot_files(self.layout))
            elif artifact.sha256 in held:
                # It was checked when it came; `nodebake-head verify` reads everything again.
                os.link(source, making / artifact.name)
            else:
                copy_checked(source, making / artifact.name, artifact)
        whole(self.release, making / "boot")
        if self.release.root:
            unpack_root(making / self.release.root, making / "root")


@contextmanager
def beside(layout: Layout, final: Path) -> Iterator[Path]:
    """A folder to make something in, which is `final` when all went well, and is gone when not.

    Raises LackingError where the disk is full.
    """
    making = final.with_name(f".{final.name}.making")
    files.clear(making)
    try:
        making.mkdir(parents=True)
        yield making
        making.rename(final)
    except BaseException as error:
        files.clear(making)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(layout) from error
        raise


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


def held_hashes(layout: Layout) -> set[str]:
    """What need not be brought: files, and archives of boot directories that are unpacked."""
    found = {sha256 for sha256, _ in artifacts(layout)}
    for folder in layout.releases.glob("[!.]*/[!.]*"):
        try:
            release = manifest.read(folder)
        except NodebakeError:
            continue
        found.add(release.artifact(release.boot).sha256)
    return found


def boot_files(layout: Layout) -> dict[str, Path]:
    """The files of all boot directories, by sha256."""
    found = {}
    for folder in sorted(layout.releases.glob("[!.]*/[!.]*")):
        if (folder / boot_tar.INDEX).exists():
            found.update({part.sha256: folder / "boot" / part.path for part in boot_tar.index(folder)})
    return {sha256: path for sha256, path in found.items() if sha256 and path.is_file()}


def copy_checked(source: Path, target: Path, artifact: Artifact) -> None:
    """Copy a file and hash what is written, so that nobody changes it in between. Raises NodebakeError."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            writing.write(chunk)
    target.chmod(0o644)
    if digest.hexdigest() != artifact.sha256:
        raise boot_tar.damaged(artifact, digest.hexdigest())


def whole(release: Release, boot: Path) -> None:
    """Raises NodebakeError where the boot directory lacks what its boards need."""
    prefix = boot / release.prefix
    lacking = [name for name in ("config.txt", release.prefix) if not (boot / name).exists()]
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
