# SPDX-License-Identifier: Apache-2.0
"""What the flasher reads of a release's `manifest.json`; docs/reference/formats.md tells all of it.

A manifest tells every file of the root, which would take more memory than a small node can spare, so these
lines are passed over: each file and package is a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import NodebakeError, RecipeError, damaged_manifest

READABLE = (1, 2, 3)
_PASSED_OVER = (b'"files": [', b'"packages": [', b'"steps": [')
_UNIT = 4096


@dataclass(frozen=True)
class Release:
    """`image`, `compressed` and `index` are names of artifacts; sizes and offsets in bytes.

    `slot` is where the identity goes, as start and size, (0, 0) where the image has no place for it;
    `bootcode` where the name of `bootcode.bin` stands, 0 where it is not known.
    """

    recipe: str
    version: str
    epoch: int
    boards: tuple[str, ...]
    wants: tuple[str, ...]
    image: str
    image_size: int
    image_sha256: str
    compressed: str
    index: str
    index_size: int
    index_sha256: str
    slot: tuple[int, int]
    bootcode: int

    @property
    def label(self) -> str:
        return f"{self.recipe}/{self.version}"


def parse(data: bytes) -> Release:
    """A release with an image, from the bytes of its manifest. Raises NodebakeError."""
    try:
        fields = json.loads(b"\n".join(_short(data)))
        found = fields.get("format")
        if found not in READABLE:
            raise NodebakeError(
                f"a release manifest of format `{found}` cannot be flashed",
                facts=[f"this flasher reads formats up to {READABLE[-1]}"],
                hint="update nodebake",
            )
        if not fields["image"]:
            raise RecipeError(
                f"`{fields['recipe']}/{fields['version']}` has no image",
                hint="name a recipe with `outputs: {image: …}`",
            )
        return _release(fields, fields["image"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged_manifest([f"{type(error).__name__}: {error}"]) from error


def _release(fields: Mapping[str, Any], image: Mapping[str, Any]) -> Release:
    artifacts = {each["kind"]: each for each in fields["artifacts"]}
    slot = image.get("identity") or {"start": 0, "size": 0}
    release = Release(
        recipe=fields["recipe"],
        version=fields["version"],
        epoch=fields["epoch"],
        boards=tuple(fields["boards"]),
        wants=tuple(fields["wants"]),
        image=artifacts["image"]["name"],
        image_size=image["size"],
        image_sha256=artifacts["image"]["sha256"],
        compressed=artifacts["compressed"]["name"],
        index=artifacts["index"]["name"],
        index_size=artifacts["index"]["size"],
        index_sha256=artifacts["index"]["sha256"],
        slot=(slot["start"], slot["size"]),
        bootcode=image.get("bootcode", 0),
    )
    if artifacts["image"]["size"] != release.image_size or release.image_size % _UNIT:
        raise ValueError(f"an image of {release.image_size} bytes")
    if max(sum(release.slot), release.bootcode + 11) > release.image_size or min(*release.slot) < 0:
        raise ValueError("a part of the image lies outside it")
    return release


def _short(data: bytes) -> Iterator[bytes]:
    passing = False
    for line in data.splitlines():
        if not passing or line.startswith(b"]"):
            yield line
            passing = line.startswith(_PASSED_OVER) and line.endswith(b"[")
