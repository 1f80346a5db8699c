# SPDX-License-Identifier: Apache-2.0
"""An image of a registry: its name as people and docker write it, and the platforms of it that boards run.

docker writes `alpine` for `docker.io/library/alpine:latest`: what has no `.`, no `:` and is not `localhost`
before its first slash is a name on Docker Hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from builder.recipe.fit import INSTRUCTIONS
from builder.recipe.recipe import Base, Board

HUB = "docker.io"
_HOST = re.compile(r"(?=.*[.:]|localhost$)[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]+)?", re.ASCII)
_PART = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_LONGEST = 255
# Least first, as INSTRUCTIONS are; a 32-bit system on an ARMv8 board runs those of ARMv7.
_32_BIT = ("linux/arm/v5", "linux/arm/v6", "linux/arm/v7")


@dataclass(frozen=True)
class ImageName:
    """`host` is the registry, as docker names it; `repository` the path there."""

    host: str
    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"

    @property
    def file(self) -> str:
        """A file's name for it."""
        return re.sub(r"[/:]", "_", str(self))


def parse(text: str) -> ImageName:
    """The name in full. Raises ValueError with the reason for what is none."""
    rest, at, _ = text.partition("@")
    if at:
        raise ValueError(f"`{text}` names a digest: that stands in the lock, the recipe names a tag")
    first, slash, path = rest.partition("/")
    host = first if slash and _HOST.fullmatch(first) else HUB
    path, colon, tag = (path if host is first else rest).partition(":")
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    parts = path.split("/")
    if not all(_PART.fullmatch(part) for part in parts) or len(f"{host}/{path}") > _LONGEST:
        raise ValueError(f"`{text}` is no name of an image")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"`{tag}` is no tag of an image")
    return ImageName(host, path, tag or "latest")


def platforms(base: Base, boards: Sequence[Board]) -> tuple[str, ...]:
    """The platforms whose programs all of the boards run on this base, best first."""
    if base.architecture == "arm64":
        return ("linux/arm64",)
    least = min(INSTRUCTIONS.index(board.instructions) for board in boards)
    return tuple(reversed(_32_BIT[: least + 1]))
