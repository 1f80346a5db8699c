# SPDX-License-Identifier: Apache-2.0
"""A bundle: one file with a lock and all files that it names, for when the archives have moved on.

An uncompressed tar, for .debs and layers are compressed; equal locks make equal bytes. In this order:

    bundle.json         {"format": 1, "recipe", "packages"}
    lock                the lock file, as `nodebake lock` wrote it
    debs/SHA256.deb     packages, sorted by name
    blobs/SHA256        pieces of images, sorted by name
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from builder.archive.keep import CHUNK
from builder.errors import NodebakeError
from builder.lock.file import dump, parse
from builder.lock.lock import Lock, Locked
from builder.lock.request import short

FORMAT = 1
_MOST = 64 << 20
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Member:
    """A file that a lock names: its `path` in the bundle, which is that in a store; `size` in bytes.

    It is called by the `name` and `version` of the package or the image that it belongs to.
    """

    path: str
    sha256: str
    size: int
    name: str
    version: str


def packages(lock: Lock) -> list[Locked]:
    """Every package that the lock names for the tree and for the tools, once each, sorted by sha256."""
    found = [*lock.packages, *(p for tools in lock.helpers.values() for p in tools)]
    return [package for _, package in sorted({p.sha256: p for p in found}.items())]


def members(lock: Lock) -> list[Member]:
    """Every file that the lock names, once each: packages, then pieces of images, each sorted by sha256."""
    debs = [Member(f"debs/{p.sha256}.deb", p.sha256, p.size, p.name, p.version) for p in packages(lock)]
    blobs = {
        blob.sha256: Member(f"blobs/{blob.sha256}", blob.sha256, blob.size, image.name, short(image.sha256))
        for image in lock.images
        for blob in image.blobs
    }
    return [*debs, *(blob for _, blob in sorted(blobs.items()))]


def write(lock: Lock, store: Path, target: Path, advance: Callable[[int], None]) -> None:
    """Write the bundle of `lock`, whose files are all in the folder `store`; it appears with one rename.

    Raises NodebakeError when one of them is not what the lock names.
    """
    about = {"format": FORMAT, "recipe": lock.recipe, "packages": len(packages(lock))}
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            for name, text in (
                ("bundle.json", json.dumps(about, sort_keys=True) + "\n"),
                ("lock", dump(lock)),
            ):
                tar.addfile(_header(name, len(text.encode()), lock.epoch), io.BytesIO(text.encode()))
            for file in members(lock):
                path = store / file.path
                with path.open("rb") as stream:
                    if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                        raise NodebakeError(
                            f"`{file.name}` in the store is not what the lock names",
                            facts=[str(path)],
                            hint="nodebake store verify --repair",
                        )
                    stream.seek(0)
                    size = path.stat().st_size
                    tar.addfile(_header(file.path, size, lock.epoch), stream)
                advance(size)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def read(bundle: Path, store: Path, advance: Callable[[int], None]) -> Lock:
    """Bring what is in a bundle into the folder `store`; the bundle's lock.

    Nothing is kept unless all of it is what the lock in it names. Raises NodebakeError.
    """
    try:
        with tarfile.open(bundle, "r:") as tar, ExitStack() as undo:
            content = iter(tar)
            lock = _opening(bundle, tar, content)
            awaited = {file.path: file for file in members(lock)}
            staged: dict[Path, Path] = {}
            for member in content:
                file = awaited.pop(member.name, None)
                if file is None or not member.isreg() or member.size != file.size:
                    raise _damaged(bundle, f"`{member.name}` does not belong in it")
                target = store / file.path
                partial = target.with_suffix(f".{os.getpid()}.part")
                undo.callback(partial.unlink, missing_ok=True)
                staged[partial] = target
                _copy(bundle, tar, member, partial, file, advance)
            if awaited:
                names = ", ".join(sorted({file.name for file in awaited.values()})[:5])
                raise _damaged(bundle, f"it lacks {len(awaited)} of its files: {names}")
            for partial, target in staged.items():
                partial.rename(target)
            return lock
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(bundle, str(error)) from error


def _opening(bundle: Path, tar: tarfile.TarFile, content: Iterator[tarfile.TarInfo]) -> Lock:
    """The lock, from the first two members."""
    try:
        about = json.loads(_text(bundle, tar, content, "bundle.json"))
        found = about["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(bundle, "its `bundle.json` cannot be read") from error
    if found != FORMAT:
        raise NodebakeError(
            f"bundle `{bundle}` has format {found}, this nodebake reads format {FORMAT}",
            hint="use the nodebake that wrote it",
        )
    text = _text(bundle, tar, content, "lock")
    try:
        lock = parse(text, "lock")
    except NodebakeError as error:
        raise _damaged(bundle, error.message, *error.facts) from error
    if not all(_SHA256.fullmatch(file.sha256) for file in members(lock)):
        raise _damaged(bundle, "its lock names a file by something else than a sha256")
    return lock


def _text(bundle: Path, tar: tarfile.TarFile, content: Iterator[tarfile.TarInfo], name: str) -> str:
    member = next(content, None)
    stream = tar.extractfile(member) if member and member.name == name and member.isreg() else None
    if member is None or stream is None or member.size > _MOST:
        raise _damaged(bundle, f"there is no `{name}` where it belongs")
    try:
        return stream.read().decode()
    except UnicodeDecodeError as error:
        raise _damaged(bundle, f"its `{name}` is not UTF-8") from error


def _copy(
    bundle: Path,
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    partial: Path,
    file: Member,
    advance: Callable[[int], None],
) -> None:
    stream = tar.extractfile(member)
    assert stream is not None
    digest = hashlib.sha256()
    with partial.open("wb") as sink:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            sink.write(chunk)
            advance(len(chunk))
    if digest.hexdigest() != file.sha256:
        raise _damaged(bundle, f"`{file.name}` {file.version} is not what its lock names")


def _header(name: str, size: int, epoch: int) -> tarfile.TarInfo:
    """Nobody's file, with the lock's date."""
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, epoch, 0o644
    return header


def _damaged(bundle: Path, *facts: str) -> NodebakeError:
    return NodebakeError(
        f"bundle `{bundle}` is damaged",
        facts=[*facts, "nothing of it was kept"],
        hint="copy it again, or make it again with `nodebake store export`",
    )
