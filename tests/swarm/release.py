# SPDX-License-Identifier: Apache-2.0
"""A signed release whose image is full: of what this machine's own system has, or of chance."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.flash.ground import BOOT, MIB, Tiny, make_key

_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Filled(Tiny):
    """`like` says what is in it: `system`, programs as a system has them; `chance`, which is not deflated."""

    like: str = "system"

    def block(self, chance: random.Random, start: int) -> bytes:
        if self.like == "chance":
            return chance.randbytes(_BLOCK)
        return _system(self.size)[start - BOOT : start - BOOT + _BLOCK].ljust(_BLOCK, b"\1")


@dataclass(frozen=True)
class Made:
    """The release `label`, signed by who is in `signers`."""

    label: str
    signers: Path
    image: Path

    def is_on(self, card: Path) -> bool:
        """Whether the file behind a card has the image; its beginning may be the node's own."""
        with self.image.open("rb") as wanted, card.open("rb") as found:
            wanted.seek(9 * MIB)
            found.seek(9 * MIB)
            while data := wanted.read(4 * MIB):
                if found.read(len(data)) != data:
                    return False
        return True


def make(folder: Path, size: int, like: str) -> Made:
    """Make it below a folder."""
    folder.mkdir(parents=True)
    key = make_key(folder.with_name("signer"))
    place = Filled(size=size, like=like).make(folder, key)
    return Made(f"{place.parent.name}/{place.name}", key.with_name("signers"), next(place.glob("*.img")))


@cache
def _system(size: int) -> bytes:
    """Programs of this machine, one behind the other."""
    found = bytearray()
    for path in sorted(Path("/usr/bin").iterdir()):
        if len(found) >= size:
            break
        if path.is_file() and not path.is_symlink():
            found += path.read_bytes()
    return bytes(found)
