# SPDX-License-Identifier: Apache-2.0
"""Files and folders to many machines: packed once, unpacked by each machine's own tar."""

from __future__ import annotations

import shlex
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import RecipeError
from builder.fleet.order import Order

CONTENT = "/opt/individual_content"
"""A node's own folder on the head, for results: it outlives every release."""
AT_ONCE = 8
"""Machines that are sent to at a time: they share the head's 100 Mbit/s, or this machine's."""
_UNPACK = """\
as=
mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || as='sudo -n'
$as mkdir -p "$1" && $as tar -x -f - -C "$1" --no-same-owner"""


@dataclass(frozen=True)
class Load:
    """What is copied: files and folders, each under its own name. `size` is bytes of file content."""

    sources: tuple[Path, ...]
    files: int
    size: int

    @staticmethod
    def of(sources: Sequence[Path]) -> Load:
        """Raises RecipeError for what is not there, and for two of one name."""
        missing = [source for source in sources if not source.exists()]
        if missing:
            hint = "files and folders come first, and one word for nodes last"
            raise RecipeError(f"`{missing[0]}` is not there", hint=hint)
        names = [_name(source) for source in sources]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise RecipeError(f"two of them are called `{twice}`, and would be one on the node")
        sizes = [path.stat().st_size for source in sources for path in _files(source)]
        return Load(tuple(sources), len(sizes), sum(sizes))

    def pack(self, archive: Path) -> None:
        """Write a tar of it. Owners are left out: files belong to who unpacks them."""
        with tarfile.open(archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for source in self.sources:
                tar.add(source, _name(source), filter=_nobodys)


def unpacking(archive: Path, folder: str, within: float) -> Order:
    """The order that unpacks the archive into a folder, which is made where it is missing.

    Where who logs in may not write there, root does it.
    """
    return Order(shlex.join(["sh", "-c", _UNPACK, "sh", folder]), within=within, stdin_file=archive)


def _name(source: Path) -> str:
    return source.resolve().name


def _files(source: Path) -> Iterator[Path]:
    found: Iterable[Path] = [source] if source.is_file() else source.rglob("*")
    return (path for path in found if path.is_file())


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
