# SPDX-License-Identifier: Apache-2.0
"""Locked images into the store: each piece checked against the lock before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from builder.archive.keep import OtherBytes, keep
from builder.errors import NodebakeError, StaleLockError
from builder.lock.lock import Blob, LockedImage
from builder.recipe.docker_image import parse
from builder.registry.registry import AbsentError, Registry, session


@dataclass(frozen=True)
class Piece:
    """A blob, and an image that has it."""

    blob: Blob
    image: LockedImage


def missing(images: Iterable[LockedImage], folder: Path) -> list[Piece]:
    """What the store's `folder` lacks of them, each blob once."""
    pieces = {blob.sha256: Piece(blob, image) for image in images for blob in image.blobs}
    return [piece for sha256, piece in pieces.items() if not (folder / sha256).exists()]


def fetch(pieces: Iterable[Piece], folder: Path, advance: Callable[[int], None]) -> None:
    """Bring them into `folder`; `advance` hears of bytes as they come.

    Raises StaleLockError for what its registry has no more, LackingError for a registry that is down and
    NodebakeError for bytes that are not those of the lock; nothing of a bad blob is kept.
    """
    registries: dict[tuple[str, bool], Registry] = {}
    with session() as opened:
        for piece in pieces:
            name = parse(piece.image.name)
            key = (name.host, piece.image.insecure)
            registry = registries.setdefault(key, Registry(*key, opened))
            blob = piece.blob
            try:
                chunks = registry.chunks(name.repository, blob.sha256)
                keep(chunks, folder / blob.sha256, blob.sha256, blob.size, advance)
            except AbsentError as error:
                raise _gone(piece) from error
            except OtherBytes as error:
                raise _other(piece, error.facts) from error


def _gone(piece: Piece) -> StaleLockError:
    return StaleLockError(
        f"a piece of `{piece.image.name}` has left its registry",
        facts=[f"sha256:{piece.blob.sha256}"],
        hint="`nodebake store import BUNDLE` brings it back where there is a bundle; "
        "`nodebake lock RECIPE --update` takes the image that is there now",
    )


def _other(piece: Piece, facts: list[str]) -> NodebakeError:
    return NodebakeError(
        f"a piece of `{piece.image.name}` is not what the lock names",
        facts=facts,
        hint="the registry or something on the way changed it; nothing of it was kept",
    )
