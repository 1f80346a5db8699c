# SPDX-License-Identifier: Apache-2.0
"""Images that come with a root: archives of the project, and images of registries that the lock pins.

Each lies below IMAGES as an archive that `docker load` reads, and beside it `ARCHIVE.id`, a line with a
sha256 that tells it from any other: `overlays/docker-preload` gives docker what it has not been given yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from pydantic import Field

from builder.recipe import docker_image
from builder.recipe.effect import Effect, Inline, PreloadImage, WriteFile
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

IMAGES = "usr/share/nodebake/images"
_SCHEME = "docker://"
"""So a word of the list names an image of a registry, as other programs have it."""
_ARCHIVE = re.compile(r"\w[\w.-]*\.tar(\.gz)?", re.ASCII)


class OfRegistry(Strict):
    """An image of a registry. The lock pins it by its digest, for the platform that all boards run."""

    image: str = Field(description="`NAME[:TAG]` or `HOST[:PORT]/NAME[:TAG]`, as `docker pull` takes it")
    insecure: bool = Field(
        False, description="the registry speaks HTTP without TLS; one on this machine always may"
    )


def preloaded(given: Sequence[str | OfRegistry], scope: Scope, key: str) -> list[Effect]:
    """What puts them into the tree; `key` is the layer's that has the list."""
    effects: list[Effect] = []
    names: set[str] = set()
    for i, each in enumerate(given):
        match each:
            case OfRegistry():
                found = _image(each, scope, key, i, "image")
            case str() if each.startswith(_SCHEME):
                found = _image(OfRegistry(image=each.removeprefix(_SCHEME)), scope, key, i)
            case _:
                found = _archive(each, scope, key, i)
        if found is None:
            continue
        name, new = found
        if name in names:
            scope.problem(f"`{name}` is there twice", key, i, hint="rename one of them, or leave it out")
            continue
        names.add(name)
        effects += new
    return effects


def _archive(path: str, scope: Scope, key: str, i: int) -> tuple[str, list[Effect]] | None:
    found = scope.file(path, "the archive of images", key, i)
    if found is None:
        return None
    name = PurePosixPath(path).name
    if not _ARCHIVE.fullmatch(name):
        hint = "letters, digits, `.`, `_` and `-`, and `.tar` or `.tar.gz` at the end"
        scope.problem(f"`{name}` is no name for an archive of images", key, i, hint=hint)
    mark = Inline(f"{found.sha256}\n".encode())
    return name, [WriteFile(f"{IMAGES}/{name}", found), WriteFile(f"{IMAGES}/{name}.id", mark)]


def _image(given: OfRegistry, scope: Scope, *at: str | int) -> tuple[str, list[Effect]] | None:
    try:
        name = docker_image.parse(given.image)
    except ValueError as error:
        hint = "as in `debian:trixie-slim` or `registry.example.org:5000/group/name:1.2`"
        scope.problem(str(error), *at, hint=hint)
        return None
    wanted = docker_image.platforms(scope.base, scope.boards)
    return str(name), [PreloadImage(str(name), wanted, given.insecure)]
