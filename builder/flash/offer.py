# SPDX-License-Identifier: Apache-2.0
"""What the operator names to be written: a release's folder, one of its images, or an image by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builder.errors import RecipeError
from builder.flash.agent import trust
from builder.flash.agent.release import Release
from builder.flash.agent.source import Source
from builder.flash.agent.trust import Trusted, believed
from builder.flash.local import Folder, Packed
from builder.release.scan import scan

_RAW, _PACKED = ".img", ".img.zst"
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Offer:
    """A release that is believed, and a new source of it for each card. `doubt` says what was not checked."""

    trusted: Trusted
    source: Callable[[], Source]
    doubt: str = ""


def offer(path: Path, signers: Path, revoked: Path) -> Offer:
    """What lies at `path`, a folder or an image file. Raises NodebakeError when it is not to be believed."""
    folder = path if path.is_dir() else path.parent
    if path.is_file() and not path.name.endswith((_RAW, _PACKED)):
        raise RecipeError(f"`{path}` is no image", hint=f"name a file that ends in {_RAW} or {_PACKED}")
    if not (folder / "manifest.json").is_file():
        return _bare(path)
    here = Folder(folder)
    doubt = ""
    if not (folder / "manifest.json.sig").is_file():
        doubt = "the release is not signed: only its own hashes were checked"
    elif not signers.is_file():
        doubt = f"there is no `{signers.name}` here: the release's signature was not checked"
    if doubt:
        found = believed(here, here.small("manifest.json", _LARGEST), "")
    else:
        found = trust.trusted(here, str(signers), str(revoked), "")
    if path.is_file() and path.name not in (found.release.image, found.release.compressed):
        return _bare(path)
    return Offer(found, _source(path, folder, found.release), doubt)


def _source(path: Path, folder: Path, release: Release) -> Callable[[], Source]:
    """The raw image where it is there, unless the other one is asked for."""
    raw = path.name == release.image or (path.is_dir() and (folder / release.image).is_file())
    return (lambda: Folder(folder)) if raw else (lambda: Packed(folder, release.compressed))


def _bare(path: Path) -> Offer:
    """An image without a manifest: what it is to be is what it is."""
    if not path.is_file():
        raise RecipeError(
            f"there is no release in `{path}`", hint="name a recipe, a folder below out/, or an image"
        )
    if path.name.endswith(_PACKED):
        raise RecipeError(
            f"`{path}` has no manifest beside it that tells what is in it",
            hint=f"unpack it, and write that: zstd -d {path.name}",
        )
    read = scan(path)
    release = Release(
        recipe=path.name,
        version="",
        epoch=0,
        boards=(),
        wants=(),
        image=path.name,
        image_size=read.size,
        image_sha256=read.sha256,
        compressed="",
        index="",
        index_size=0,
        index_sha256="",
        slot=(0, 0),
        bootcode=0,
    )
    doubt = "there is no manifest beside the image: nobody has signed it"
    return Offer(Trusted(release, read.index, ""), lambda: Folder(path.parent), doubt)
