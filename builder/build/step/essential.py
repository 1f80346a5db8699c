# SPDX-License-Identifier: Apache-2.0
"""Packages whose files must lie in the tree before dpkg can run there, decompressed once.

dpkg will unpack them again, for its database. It is given .debs in memory whose files are stored as
they are: to decompress them a second time would cost more than all the rest of it.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from builder.archive.deb import finish_stored, start_stored
from builder.build.bench import HELPER, TREE_IN_HELPER, Bench
from builder.build.step.usr import KEPT

_ROOM = "/run/essential"
# By one shell each, for each program that Python starts costs a copy of Python.
_APPEND = 'while [ $# -gt 0 ]; do dpkg-deb --fsys-tarfile "$1" >>"$2" || exit; shift 2; done'
# Half of the files, which no script needs, but not their folders, which would get another date. dpkg will
# replace all that is there, and ext4 is slow to
# make files where it has just removed others.
_OMITTED = ("bash-completion", "doc", "i18n", "info", "locale", "man", "zoneinfo")
_TAR = shlex.join(
    ["tar", "-x", KEPT, "-C", TREE_IN_HELPER, *(f"--exclude=./usr/share/{name}/*/*" for name in _OMITTED)]
)
_EXTRACT = f'for deb; do dpkg-deb --fsys-tarfile "$deb" | {_TAR} || exit; done'


def extract(debs: Sequence[str], bench: Bench) -> list[str]:
    """Put what scripts may need of `debs` (paths in the helper) into the tree.

    Returns the paths of the stored twins, from which dpkg is to unpack.
    """
    room = _outside(_ROOM)
    room.mkdir()
    stored = [f"{_ROOM}/{number:03}.deb" for number in range(len(debs))]
    starts = []
    for deb, twin in zip(debs, stored, strict=True):
        with _outside(deb).open("rb") as source, _outside(twin).open("wb") as sink:
            start_stored(source, sink)
            starts.append(sink.tell())
    pairs = [path for pair in zip(debs, stored, strict=True) for path in pair]
    bench.in_helper(["sh", "-c", _APPEND, "sh", *pairs])
    for twin, start in zip(stored, starts, strict=True):
        with _outside(twin).open("r+b") as sink:
            finish_stored(sink, start)
    bench.in_helper(["sh", "-c", _EXTRACT, "sh", *stored])
    return stored


def discard() -> None:
    """Give back the memory that the stored twins take."""
    shutil.rmtree(_outside(_ROOM))


def _outside(path: str) -> Path:
    return HELPER / path.lstrip("/")
