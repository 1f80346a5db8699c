# SPDX-License-Identifier: Apache-2.0
"""A listing with its contents as a tar, the form in which trees travel: it keeps owners for anyone.

Sorted, whole seconds, PAX headers only where a name or an attribute wants one: the same tree is the same
bytes anywhere.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from builder.tree.entry import Entry, Kind

_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.LINK: tarfile.SYMTYPE,
    Kind.CHARACTER: tarfile.CHRTYPE,
    Kind.BLOCK: tarfile.BLKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
}
_BLOCK = 512
# What tar itself calls an extended attribute, and GNU tar and mksquashfs read.
_XATTR = "SCHILY.xattr."
_COPY = 1 << 20


@dataclass(frozen=True)
class Member:
    """An entry and where its content lies, of a file."""

    entry: Entry
    content: Path | None = None


def write(members: Iterable[Member], sink: IO[bytes]) -> None:
    """Write a tar of `members`, whose hard link groups are whole.

    The first of a group by path holds the content; the others name it.
    """
    first: dict[str, str] = {}
    for member in sorted(members, key=lambda member: member.entry.path):
        entry = member.entry
        info = _info(entry)
        if entry.links and entry.links in first:
            info.type, info.linkname, info.size = tarfile.LNKTYPE, f"./{first[entry.links]}", 0
            info.pax_headers = {}
        elif entry.links:
            first[entry.links] = entry.path
        sink.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        if info.size:
            assert member.content, f"{entry.path} has no content"
            with member.content.open("rb") as source:
                shutil.copyfileobj(source, sink, _COPY)
            sink.write(bytes(-info.size % _BLOCK))
    sink.write(bytes(2 * _BLOCK))


def _info(entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{entry.path}".rstrip("/") if entry.path else ".")
    info.type = _TYPES[entry.kind]
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
    info.size, info.linkname = entry.size, entry.target
    if entry.device:
        info.devmajor, info.devminor = map(int, entry.device.split(":"))
    info.pax_headers = {
        f"{_XATTR}{name}": bytes.fromhex(value).decode("utf-8", "surrogateescape")
        for name, value in entry.xattrs
    }
    return info
