# SPDX-License-Identifier: Apache-2.0
"""The image that was built last, found by its release manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError, RecipeError
from builder.release.manifest import Manifest, parse

BOOT_MOUNT = "/boot/firmware"


@dataclass(frozen=True)
class Built:
    """An image: its file, its size in bytes, where its boot partition starts, and what it runs on."""

    image: Path
    size: int
    boot_start: int
    architecture: str


def built(folder: Path, recipe: str) -> Built:
    """The image of the recipe's release in `folder`. Raises RecipeError when there is none."""
    folder = folder.resolve()
    try:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(f"`{recipe}` has not been built", hint=f"nodebake build {recipe}") from error
    return image_of(parse(text), folder)


def image_of(manifest: Manifest, folder: Path) -> Built:
    """The image of a release whose files are in `folder`."""
    names = [artifact.name for artifact in manifest.artifacts if artifact.kind == "image"]
    boot = [part for part in manifest.image.partitions if part.mount == BOOT_MOUNT] if manifest.image else []
    if not (manifest.image and names and boot):
        raise RecipeError(
            f"`{manifest.recipe}` was built without an image",
            facts=[f"in {folder}"],
            hint="nodes boot it over the network: add `--netboot`" if manifest.netboot else None,
        )
    path = folder / names[0]
    if not path.is_file():
        raise NodebakeError(f"there is no image `{path}`", hint=f"nodebake build {manifest.recipe}")
    return Built(path, manifest.image.size, boot[0].start, manifest.architecture)
