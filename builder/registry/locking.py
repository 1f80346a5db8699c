# SPDX-License-Identifier: Apache-2.0
"""From the name of an image to the lock: what its registry has under that tag today, for our platform."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from builder.errors import NodebakeError, Place, RecipeError
from builder.lock.lock import LockedImage
from builder.recipe.docker_image import ImageName, parse
from builder.recipe.effect import PreloadImage
from builder.recipe.recipe import Recipe
from builder.registry import manifests
from builder.registry.registry import INDEXES, MANIFESTS, AbsentError, Registry, session

if TYPE_CHECKING:
    import requests


def lock_images(recipe: Recipe) -> tuple[LockedImage, ...]:
    """Each image that the recipe asks for, exactly, in its order.

    Raises RecipeError, with the layer's place, for an image that is not there or not for its boards,
    LackingError for a registry that is down, RefusedError for one that wants a password, and NodebakeError
    for one whose answers are not what they should be.
    """
    wanted = [
        (e, layer.place) for layer in recipe.layers for e in layer.effects if isinstance(e, PreloadImage)
    ]
    if not wanted:
        return ()
    with session() as opened:
        return tuple(_lock(effect, place, opened) for effect, place in wanted)


def _lock(wanted: PreloadImage, place: Place, opened: requests.Session) -> LockedImage:
    name = parse(wanted.name)
    registry = Registry(name.host, wanted.insecure, opened)
    try:
        return _found(wanted, name, registry)
    except AbsentError as error:
        raise RecipeError(
            f"registry `{name.host}` gives nobody an image `{name}`",
            facts=["it has none of that name and tag, or wants to know who asks"],
            hint=f"`docker pull {name}` elsewhere tells whether there is one",
            place=place,
        ) from error
    except RecipeError as error:
        error.place = place
        raise
    except ValueError as error:
        raise NodebakeError(
            f"what registry `{name.host}` says of `{name}` cannot be used", facts=[str(error)]
        ) from error


def _found(wanted: PreloadImage, name: ImageName, registry: Registry) -> LockedImage:
    kind, data = registry.manifest(name.repository, name.tag)
    if kind in INDEXES:
        chosen = manifests.choose(data, wanted.platforms)
        if chosen is None:
            raise _not_for_us(name, wanted.platforms, manifests.offered(data))
        kind, data = registry.manifest(name.repository, f"sha256:{chosen[1]}")
        _require(data, chosen[1], name, "the manifest")
    if kind not in MANIFESTS:
        raise ValueError(f"it is of the kind `{kind}`")
    pieces = manifests.pieces(data)
    config = registry.small(name.repository, pieces.config.sha256)
    _require(config, pieces.config.sha256, name, "the config")
    # An image that is made for one platform alone has no index, and an index may be wrong.
    platform = manifests.platform(config)
    if platform not in wanted.platforms:
        raise _not_for_us(name, wanted.platforms, [platform])
    sha256 = hashlib.sha256(data).hexdigest()
    return LockedImage(str(name), platform, sha256, pieces.config, pieces.layers, wanted.insecure)


def _require(data: bytes, sha256: str, name: ImageName, what: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise NodebakeError(
            f"{what} of `{name}` is not what its digest says",
            facts=[f"sha256 asked for {sha256}", f"sha256 received  {found}"],
            hint="the registry or something on the way changed it",
        )


def _not_for_us(name: ImageName, wanted: Sequence[str], there: Sequence[str]) -> RecipeError:
    return RecipeError(
        f"`{name}` does not run on the recipe's boards",
        facts=[f"they run {' or '.join(wanted)}", f"it is made for {', '.join(there) or 'nothing'}"],
        hint="take another image or tag, or leave boards out",
    )
