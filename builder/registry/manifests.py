# SPDX-License-Identifier: Apache-2.0
"""Manifests as registries give them: which platforms there are, and what an image is made of. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.lock.lock import Blob

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_LAYERS = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)
# What an image means that does not say which.
_VARIANTS = {"arm": "v7"}


@dataclass(frozen=True)
class Pieces:
    """An image's pieces, as its manifest names them."""

    config: Blob
    layers: tuple[Blob, ...]


def choose(index: bytes, wanted: Sequence[str]) -> tuple[str, str] | None:
    """The best platform of an index and the sha256 of its manifest; None when none of them will do.

    Raises ValueError for what is no index, here as below.
    """
    found = _rows(index)
    return next(((platform, found[platform]) for platform in wanted if platform in found), None)


def offered(index: bytes) -> list[str]:
    """The platforms of an index, sorted."""
    return sorted(_rows(index))


def pieces(manifest: bytes) -> Pieces:
    """What a manifest names."""
    data = _object(manifest)
    config = data.get("config")
    if not isinstance(config, dict) or config.get("mediaType") not in _CONFIGS:
        raise ValueError("it is no image that docker runs")
    layers = data.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise ValueError("it names no layers")
    for layer in layers:
        if layer.get("mediaType") not in _LAYERS:
            raise ValueError(f"docker is given no layer of the kind `{layer.get('mediaType')}`")
    return Pieces(_blob(config), tuple(map(_blob, layers)))


def platform(config: bytes) -> str:
    """The platform that an image's own config names."""
    return _platform(_object(config))


def _rows(index: bytes) -> dict[str, str]:
    """Platform → sha256. The first of a platform counts, as docker has it; attestations have none."""
    rows = _object(index).get("manifests")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it names no manifests")
    found: dict[str, str] = {}
    for row in rows:
        if isinstance(row.get("platform"), dict):
            found.setdefault(_platform(row["platform"]), _blob(row).sha256)
    found.pop("unknown/unknown", None)
    return found


def _platform(told: Mapping[str, Any]) -> str:
    system, machine = str(told.get("os", "")), str(told.get("architecture", ""))
    variant = str(told.get("variant") or _VARIANTS.get(machine, ""))
    # Every arm64 is a v8.
    shown = "" if machine == "arm64" and variant == "v8" else variant
    return "/".join(part for part in (system, machine, shown) if part)


def _blob(row: Mapping[str, Any]) -> Blob:
    match = _DIGEST.fullmatch(str(row.get("digest")))
    size = row.get("size")
    if not match or not isinstance(size, int) or size < 0:
        raise ValueError("it names something by another digest than a sha256, or without its size")
    return Blob(match[1], size)


def _object(data: bytes) -> dict[str, Any]:
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found
