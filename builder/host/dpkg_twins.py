# SPDX-License-Identifier: Apache-2.0
"""The helper's dpkg, made to speak for the tree.

What dpkg answers and writes depends on the machine it was built for in one thing, the name of the
architecture that it takes for its own: a word that is compiled in. A copy in which that word is the
tree's is a native program that does and says what the tree's own dpkg would.
"""

from __future__ import annotations

import re
from pathlib import Path

from builder.errors import StepError
from builder.host import linux

TWINS = (
    "dpkg",
    "dpkg-deb",
    "dpkg-divert",
    "dpkg-query",
    "dpkg-split",
    "dpkg-statoverride",
    "dpkg-trigger",
)


def cover(helper: Path, place: Path, machine: str, architecture: str) -> None:
    """Show copies that speak for `architecture` where the helper's programs are; `place` holds them."""
    place.mkdir()
    for name in TWINS:
        program, copy = helper / "usr/bin" / name, place / name
        try:
            copy.write_bytes(renamed(program.read_bytes(), machine, architecture))
        except ValueError as error:
            raise StepError(
                f"the helper's `{name}` cannot stand in for one of {architecture}", facts=[str(error)]
            ) from error
        copy.chmod(0o755)
        linux.bind(copy, program, read_only=True)


def renamed(program: bytes, machine: str, architecture: str) -> bytes:
    """`program` with another architecture for its own. Raises ValueError where that is no matter of words.

    The word stands alone, and in what --version prints; nothing else may hold it.
    """
    old, new = machine.encode(), architecture.encode()
    if len(old) != len(new):
        raise ValueError(f"the names {machine} and {architecture} are not of one length")
    changed, count = re.subn(rb"(?<=\0)%b(?=\0)|(?<= \()%b(?=\)\0)" % (old, old), new, program)
    if not count or old in changed:
        raise ValueError(f"the word {machine} is not where it was in all versions so far")
    return changed
