# SPDX-License-Identifier: Apache-2.0
"""What cannot lie in a FAT32, refused before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from builder.errors import StepError
from builder.tree.entry import Entry, Kind

_FORBIDDEN = frozenset('"*:<>?|\\') | {chr(code) for code in range(32)} | {"\x7f"}


def check(entries: Iterable[Entry], top: str) -> None:
    """Refuse what cannot be kept, or would overwrite another without a word. Paths are told below `top`."""
    folded: dict[str, str] = {}
    for entry in entries:
        path = entry.path.removeprefix(f"{top}/")
        name = path.rpartition("/")[2]
        if entry.kind not in (Kind.FILE, Kind.DIRECTORY):
            raise StepError(
                f"`{path}` cannot lie in the boot partition",
                facts=["FAT holds files and directories only"],
                hint="leave it out of /boot/firmware",
            )
        if not name.isascii() or _FORBIDDEN & set(name) or name[-1] in ". ":
            raise StepError(
                f"`{path}` is no name for the boot partition",
                facts=[
                    'allowed is ASCII without "*:<>?|\\ and control characters, not ending in a dot or space'
                ],
                hint="rename it in its overlay",
            )
        if other := folded.get(path.casefold()):
            raise StepError(
                f"`{other}` and `{path}` are one name in the boot partition",
                facts=["FAT does not tell upper from lower case"],
                hint="rename one of them in its overlay",
            )
        folded[path.casefold()] = path
