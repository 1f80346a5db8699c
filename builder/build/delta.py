# SPDX-License-Identifier: Apache-2.0
"""A delta on the disk as a listing, with its times made the same everywhere."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.tree.entry import Entry, Kind

_OVERLAY = "user.overlay."
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.LINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
}


def scan(delta: Path, epoch: int | None, jobs: int) -> list[Entry]:
    """The entries of an overlayfs upper directory, sorted by path.

    On the disk, times later than `epoch` (seconds since 1970) are set to it first; with None,
    everything is only looked at. Sockets are left out: nothing listens on them
    any more.
    """
    found: list[Entry] = []
    links: dict[int, list[int]] = defaultdict(list)
    folders = [(delta, "")]
    while folders:
        folder, base = folders.pop()
        with os.scandir(folder) as items:
            for item in items:
                path = f"{base}{item.name}"
                status = item.stat(follow_symlinks=False)
                if stat.S_ISSOCK(status.st_mode):
                    continue
                entry = _entry(item.path, path, status, epoch)
                if entry.kind == Kind.FILE and status.st_nlink > 1:
                    links[status.st_ino].append(len(found))
                found.append(entry)
                if entry.kind == Kind.DIRECTORY:
                    folders.append((Path(item.path), f"{path}/"))
    found.append(_entry(str(delta), "", delta.lstat(), epoch))
    _group(found, links)
    files = [n for n, e in enumerate(found) if e.kind == Kind.FILE]

    def hash_each(share: int) -> None:
        for n in files[share::jobs]:
            found[n] = found[n]._replace(sha256=_sha256(delta / found[n].path))

    # A task for each of ten thousand small files would cost as much as their hashes.
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(hash_each, range(jobs)))
    return sorted(found, key=lambda entry: entry.path)


def _entry(name: str, path: str, status: os.stat_result, epoch: int | None) -> Entry:
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    device = ""
    if kind in (Kind.CHARACTER, Kind.BLOCK):
        device = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        if device == "0:0":
            return Entry(path, Kind.WHITEOUT, 0, 0, 0, 0)
    mtime = int(status.st_mtime)
    if epoch is not None and mtime > epoch:
        mtime = epoch
        os.utime(name, (epoch, epoch), follow_symlinks=False)
    xattrs = tuple(
        (attribute, os.getxattr(name, attribute, follow_symlinks=False).hex())
        for attribute in sorted(os.listxattr(name, follow_symlinks=False))
        if not attribute.startswith(_OVERLAY)
    )
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime=mtime,
        size=status.st_size if kind == Kind.FILE else 0,
        target=str(Path(name).readlink()) if kind == Kind.LINK else "",
        device=device,
        xattrs=xattrs,
        opaque=kind == Kind.DIRECTORY and _opaque(name),
    )


def _opaque(name: str) -> bool:
    try:
        return os.getxattr(name, f"{_OVERLAY}opaque", follow_symlinks=False) in (b"y", b"x")
    except OSError:
        return False


def _group(found: list[Entry], links: dict[int, list[int]]) -> None:
    for numbers in links.values():
        if len(numbers) > 1:
            first = min(found[n].path for n in numbers)
            for n in numbers:
                found[n] = found[n]._replace(links=first)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
