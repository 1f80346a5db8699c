# SPDX-License-Identifier: Apache-2.0
"""How a private instance has moved from its release: what the node itself has changed in boot and root."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.head.ground import foreign
from builder.head.ground.layout import Layout
from builder.head.node.carrying import carried_names
from builder.head.node.instance import Instance
from builder.head.node.making import OWN
from builder.head.release import manifest

_TYPES = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFCHR: "c", stat.S_IFBLK: "b"}
VOLATILE = ("var/log/", "var/cache/", "var/tmp/", "tmp/", "run/", "root/.", "var/lib/systemd/")
"""What changes by running, and says nothing."""


@dataclass(frozen=True, order=True)
class Moved:
    """`how` is `added`, `removed` or `changed`; `path` begins with `boot/` or is one of the root."""

    path: str
    how: str


def of(layout: Layout, instance: Instance, *, everything: bool = False) -> tuple[Moved, ...]:
    """All differences, sorted by path; those that mere running makes only when asked for everything."""
    release = layout.release(instance.recipe, instance.version)
    place = layout.instance(instance.node, instance.name)
    known = {file["path"]: file for file in manifest.files(release)}
    found = [*_root(place / "root", known), *_boot(place, release / "boot", instance)]
    return tuple(sorted(each for each in found if everything or not each.path.startswith(VOLATILE)))


def summary(moved: Sequence[Moved]) -> str:
    """`3 changed, 1 added, /etc/motd and 3 more`."""
    counts = [(how, sum(each.how == how for each in moved)) for how in ("changed", "added", "removed")]
    told = ", ".join(f"{count} {how}" for how, count in counts if count)
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    return f"{told} (/{moved[0].path}{more})"


def _root(root: Path, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Moved]:
    seen = set()
    for path, status in _walk(root):
        seen.add(path)
        if path in OWN:
            continue
        if path not in known:
            yield Moved(path, "added")
        elif _differs(root / path, status, known[path]):
            yield Moved(path, "changed")
    # The boot directory has its files in the boot tree.
    for path in known.keys() - seen:
        if path and not path.startswith("boot/firmware/"):
            yield Moved(path, "removed")


def _differs(path: Path, status: os.stat_result, file: Mapping[str, Any]) -> bool:
    """Whether a path is not what the release has; content is read only where the date does not tell."""
    kind = _TYPES.get(stat.S_IFMT(status.st_mode), "?")
    if kind != file["type"]:
        return True
    if kind == "l":
        return bool(str(path.readlink()) != file.get("target", ""))
    if stat.S_IMODE(status.st_mode) != int(file["mode"], 8):
        return True
    if os.geteuid() == 0 and (status.st_uid, status.st_gid) != (file["uid"], file["gid"]):
        return True
    if kind != "f":
        return False
    if status.st_size != file.get("size", 0):
        return True
    same = int(status.st_mtime) == file["mtime"] or sha256(path) == file.get("sha256", "")
    return not same


def _boot(place: Path, source: Path, instance: Instance) -> Iterator[Moved]:
    boot, carried = place / "boot", tuple(carried_names(place))
    ours = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    theirs = {path for path, status in _walk(boot) if stat.S_ISREG(status.st_mode)}
    own = f"{instance.prefix}cmdline.txt"
    for path in theirs - ours - {own}:
        if not path.startswith(".") and path.split("/")[0] not in carried:
            yield Moved(f"boot/{path}", "added")
    for path in ours - theirs:
        yield Moved(f"boot/{path}", "removed")
    for path in ours & theirs:
        if (boot / path).stat().st_size != (source / path).stat().st_size or sha256(boot / path) != sha256(
            source / path
        ):
            yield Moved(f"boot/{path}", "changed")
    words = foreign.read(boot, boot / own)
    if os.path.lexists(boot / own) and (words or b"").decode(errors="replace").strip() != instance.cmdline:
        yield Moved(f"boot/{own}", "changed")


def _walk(folder: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """All paths below a folder, relative to it, with their status; no link is followed."""
    for entry in os.scandir(folder):
        path = f"{below}{entry.name}"
        status = entry.stat(follow_symlinks=False)
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(Path(entry.path), f"{path}/")


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
