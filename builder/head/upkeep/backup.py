# SPDX-License-Identifier: Apache-2.0
"""What makes this head this head, in one archive: a new one serves the same nodes with the same keys.

A tar of `backup.json` (format 1), the inventory, numbers of exports, journal, holds, identities, trusted keys
and fragments, and with them either each release's signed manifest or the releases whole. It holds private
host keys: whoever has it can pretend to be any node. Private roots and content directories are not in it.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from builder.errors import NodebakeError
from builder.head.boots import cards
from builder.head.ground.layout import Layout, checked_name
from builder.head.node import instance, inventory
from builder.head.release import boot_tar, manifest

FORMAT = 1
_STATE = ("nodes.json", "exports.json", "journal.jsonl", "holds.json")


@dataclass(frozen=True)
class Restored:
    """What came back: how many identities, and which nodes booted which release, as `recipe/version`.

    `cards` are releases of nodes that boot from their cards: what these are assigned waits for them to fail.
    """

    identities: int
    assignments: dict[str, str]
    cards: dict[str, str]
    releases: tuple[str, ...]


def write(layout: Layout, stream: IO[bytes], *, releases: bool) -> dict[str, str]:
    """Write the archive; which node boots which release. `releases` are then in it, as they were built."""
    known = inventory.load(layout)
    present = instance.present(layout, known.nodes)
    assignments = {name: each.release for name, each in present.items()}
    lacking = sorted(name for name, each in present.items() if each.mode == "private")
    on_cards = {name: each.release for name, each in cards.load(layout).cards.items()}
    told = {
        "format": FORMAT,
        "head": known.name,
        "assignments": assignments,
        "without_root": lacking,
        "cards": on_cards,
    }
    with tarfile.open(fileobj=stream, mode="w|", dereference=True) as tar:
        _add_text(tar, "backup.json", json.dumps(told, indent=1, sort_keys=True) + "\n")
        for name, path in _parts(layout, set(assignments.values()), releases=releases):
            tar.add(path, name, recursive=False, filter=_plain)
        for label in sorted(set(assignments.values())) if releases else ():
            _add_boot(tar, label, layout.releases / label)
    return assignments


def read(layout: Layout, stream: IO[bytes]) -> Restored:
    """Put everything in its place. Raises NodebakeError for what is no backup; nothing leads outside."""
    told: dict[str, object] | None = None
    identities: set[str] = set()
    releases: set[str] = set()
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                data = tar.extractfile(member) if member.isreg() else None
                if data is None:
                    raise NodebakeError(f"the backup holds `{member.name}`, which is no file")
                if told is None:
                    told = _header(member.name, data)
                    continue
                parts = PurePosixPath(member.name).parts
                place = _place(layout, parts)
                # Whom this head trusts is not for a backup to say.
                if not (place.is_relative_to(layout.signers.parent) and place.exists()):
                    _put(place, data, member.mode & 0o777)
                if parts[0] == "identity":
                    identities.add(parts[1])
                if parts[0] == "releases" and len(parts) == 4:
                    releases.add("/".join(parts[1:3]))
    except tarfile.TarError as error:
        raise NodebakeError("this is no backup of a head", facts=[str(error)]) from error
    if told is None:
        raise NodebakeError("this is no backup of a head", facts=["it is empty"])
    assignments = told["assignments"]
    # Backups of before hold none.
    on_cards = told.get("cards", {})
    assert isinstance(assignments, dict)
    assert isinstance(on_cards, dict)
    for name in identities:
        (layout.identities / name).chmod(0o700)
    return Restored(len(identities), assignments, on_cards, tuple(sorted(releases)))


def incoming(layout: Layout) -> Path:
    """Where the releases of a backup lie until they are published again, hashes and signatures checked."""
    return layout.state / "restored"


def _parts(layout: Layout, labels: set[str], *, releases: bool) -> Iterator[tuple[str, Path]]:
    for name in _STATE:
        if (layout.state / name).exists():
            yield f"state/{name}", layout.state / name
    for folder, word in ((layout.identities, "identity"), (layout.etc, "etc")):
        wanted = sorted(folder.rglob("*")) if word == "identity" else _owned(layout)
        for path in wanted:
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield f"{word}/{path.relative_to(folder)}", path
    seen = set()
    for label in sorted(labels):
        recipe, version = label.split("/")
        for path in sorted(layout.release(recipe, version).iterdir()):
            # Releases share layers by hard links; restored in this order, one finds them in another.
            booted = releases or path.name.startswith("manifest.json")
            if booted and path.name != boot_tar.INDEX and path.is_file() and path.stat().st_ino not in seen:
                seen.add(path.stat().st_ino)
                yield f"releases/{label}/{path.name}", path


def _owned(layout: Layout) -> list[Path]:
    names = ("dnsmasq.d/nodebake.conf", "exports.d/nodebake.exports", "ganesha/nodebake.conf")
    return [layout.etc / name for name in names] + [layout.signers, layout.revoked]


def _place(layout: Layout, parts: tuple[str, ...]) -> Path:
    """Where a path of the archive goes; only where this writes such. Raises NodebakeError."""
    inner = Path(*parts[1:]) if len(parts) > 1 else Path()
    if parts and ".." not in parts:
        if parts[0] == "state" and str(inner) in _STATE:
            return layout.state / inner
        if parts[0] == "identity" and len(parts) > 2 and parts[2] == "etc":
            checked_name(parts[1], "node")
            return layout.identities / inner
        if parts[0] == "etc" and layout.etc / inner in _owned(layout):
            return layout.etc / inner
        if parts[0] == "releases" and len(parts) == 4:
            return incoming(layout) / inner
    raise NodebakeError(f"the backup holds `{'/'.join(parts)}`, which belongs to no head")


def _put(path: Path, data: IO[bytes], mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as writing:
        while chunk := data.read(1 << 20):
            writing.write(chunk)
    partial.rename(path)


def _header(name: str, data: IO[bytes]) -> dict[str, object]:
    try:
        told = json.loads(data.read()) if name == "backup.json" else {}
    except ValueError:
        told = {}
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = told.get("format") if isinstance(told, dict) else None
        raise NodebakeError(
            "this is no backup that can be restored",
            facts=[f"format `{found}`, and this nodebake-head reads format {FORMAT}"],
            hint="name a file that `nodebake head backup` wrote",
        )
    return told


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(text.encode()), 0o644
    tar.addfile(member, io.BytesIO(text.encode()))


def _add_boot(tar: tarfile.TarFile, label: str, folder: Path) -> None:
    """The archive of a boot directory, put together again."""
    release = manifest.read(folder)
    archive = release.artifact(release.boot)
    member = tarfile.TarInfo(f"releases/{label}/{archive.name}")
    member.size, member.mode = archive.size, 0o644
    tar.addfile(member, _Joined(boot_tar.assemble(folder)))


class _Joined(io.RawIOBase):
    """Pieces, to be read as one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, bytearray()

    def read(self, count: int = -1) -> bytes:
        while count < 0 or len(self._left) < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        count = len(self._left) if count < 0 else count
        data = bytes(self._left[:count])
        del self._left[:count]
        return data


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """As a file of root's."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
