# SPDX-License-Identifier: Apache-2.0
"""A release's boot directory, from its archive and back to the very same bytes.

The archive is read once, hashed as it comes, and not kept: a head's card is slow. The files of two releases
are mostly the same, so those that another release has are linked. What lies between the files is kept in
`boot.json`, format 1: from it and the files the archive can be told again, and held against the manifest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from builder.errors import NodebakeError
from builder.head.release.manifest import Artifact

FORMAT = 1
INDEX = "boot.json"
_BLOCK = 512
_LARGEST = 256 << 20
"""Bytes of one file: kernels and initramfs are a tenth of that, and one is in memory at a time."""


@dataclass(frozen=True)
class Part:
    """A file of the archive by its path, or with an empty path the bytes between two."""

    path: str
    sha256: str
    raw: bytes = field(repr=False)


def unpack(archive: IO[bytes], artifact: Artifact, target: Path, held: Mapping[str, Path]) -> None:
    """Make the folder `target` from the archive, and its index beside it.

    Files of `held`, by sha256, are linked. Raises NodebakeError for what is not the artifact or no boot tree.
    """
    reading = _Hashed(archive, artifact)
    target.mkdir()
    parts: list[Part] = []
    while True:
        head = reading.exactly(_BLOCK)
        if not head.strip(b"\0"):
            parts.append(Part("", "", head + reading.rest()))
            break
        parts.append(Part("", "", head))
        try:
            member = tarfile.TarInfo.frombuf(head, "utf-8", "strict")
        except (tarfile.TarError, UnicodeError) as error:
            raise _odd(artifact, str(error)) from error
        place = _inside(target, member.name, artifact)
        if member.isdir():
            place.mkdir(exist_ok=True)
        elif member.islnk():
            os.link(_inside(target, member.linkname, artifact), place)
        elif member.isreg() and member.size <= _LARGEST:
            data = reading.exactly(member.size)
            sha256 = hashlib.sha256(data).hexdigest()
            _bring(place, data, held.get(sha256), int(member.mtime))
            parts.append(Part(str(place.relative_to(target)), sha256, b""))
            parts.append(Part("", "", reading.exactly(-member.size % _BLOCK)))
        else:
            raise _odd(artifact, member.name)
    reading.check()
    _write(target.with_name(INDEX), parts)


def index(release: Path) -> list[Part]:
    """What the boot directory of a release consists of."""
    data = json.loads((release / INDEX).read_text(encoding="utf-8"))
    if data.get("format") != FORMAT:
        raise NodebakeError(f"`{release / INDEX}` is of format `{data.get('format')}`")
    return [
        Part(each.get("path", ""), each.get("sha256", ""), base64.b64decode(each.get("raw", "")))
        for each in data["parts"]
    ]


def assemble(release: Path) -> Iterator[bytes]:
    """The archive again, piece by piece, from what lies in the boot directory now."""
    for part in index(release):
        yield (release / "boot" / part.path).read_bytes() if part.path else part.raw


def _bring(place: Path, data: bytes, same: Path | None, date: int) -> None:
    place.parent.mkdir(exist_ok=True, parents=True)
    if same:
        os.link(same, place)
        return
    with place.open("xb") as stream:
        stream.write(data)
    place.chmod(0o644)
    os.utime(place, (date, date))


def _inside(target: Path, name: str, artifact: Artifact) -> Path:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or name.startswith("/") or "\0" in name:
        raise _odd(artifact, name)
    return target.joinpath(*parts)


def _write(path: Path, parts: list[Part]) -> None:
    told = [
        {"path": part.path, "sha256": part.sha256}
        if part.path
        else {"raw": base64.b64encode(part.raw).decode()}
        for part in parts
    ]
    path.write_text(json.dumps({"format": FORMAT, "parts": told}) + "\n", encoding="utf-8")


class _Hashed:
    """Reads on, and knows at the end whether it was the artifact."""

    def __init__(self, stream: IO[bytes], artifact: Artifact) -> None:
        self._stream, self._artifact = stream, artifact
        self._digest = hashlib.sha256()

    def exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        self._digest.update(data)
        if len(data) != count:
            raise damaged(self._artifact, self._digest.hexdigest())
        return data

    def rest(self) -> bytes:
        """The end of an archive, which is zeros."""
        data = self._stream.read(1 << 20)
        self._digest.update(data)
        return data

    def check(self) -> None:
        if self._stream.read(1) or self._digest.hexdigest() != self._artifact.sha256:
            raise damaged(self._artifact, self._digest.hexdigest())


def damaged(artifact: Artifact, found: str) -> NodebakeError:
    """An artifact that came with other bytes."""
    return NodebakeError(
        f"`{artifact.name}` is not what the manifest says",
        facts=[f"wanted sha256 {artifact.sha256}", f"found  sha256 {found}"],
        hint="it was damaged on its way: remove it and run `nodebake publish` again",
    )


def _odd(artifact: Artifact, name: str) -> NodebakeError:
    return NodebakeError(
        f"`{artifact.name}` holds `{name}`, which a boot directory has not",
        hint="it was not made by this nodebake",
    )
