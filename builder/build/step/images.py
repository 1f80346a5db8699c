# SPDX-License-Identifier: Apache-2.0
"""Images of registries as archives for `docker load`, from what the store has of them.

An archive is a tar: the image's pieces by their names in an OCI layout, then `manifest.json`, which tells
docker their order and the image's name. Layers stay compressed, docker unpacks them. Its bytes follow from
the image alone, whatever the date.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.build.bench import STORE, Bench
from builder.build.step.files import confined
from builder.errors import StepError
from builder.recipe.docker_image import ImageName, parse
from builder.recipe.docker_preload import IMAGES
from builder.store.store import Store


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Write an archive for each of `inputs["images"]`, and its mark beside it."""
    for image in inputs["images"]:
        name = parse(image["name"])
        path = confined(bench.tree, f"{IMAGES}/{name.file}.tar")
        with path.open("wb") as sink:
            _write(name, image, sink)
        mark = path.with_name(f"{path.name}.id")
        mark.write_text(f"{image['sha256']}\n")
        for file in (path, mark):
            file.chmod(0o644)


def _write(name: ImageName, image: Mapping[str, Any], sink: Any) -> None:
    pieces = {blob["sha256"]: blob["size"] for blob in (image["config"], *image["layers"])}
    listed = {
        "Config": _place(image["config"]["sha256"]),
        "RepoTags": [str(name)],
        "Layers": [_place(layer["sha256"]) for layer in image["layers"]],
    }
    text = json.dumps([listed], sort_keys=True).encode()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for sha256, size in pieces.items():
            with _sound(Store(STORE).blob(sha256), sha256).open("rb") as stream:
                tar.addfile(_header(_place(sha256), size), stream)
        tar.addfile(_header("manifest.json", len(text)), io.BytesIO(text))


def _place(sha256: str) -> str:
    return f"blobs/sha256/{sha256}"


def _sound(path: Path, sha256: str) -> Path:
    """A piece that is what its name says. Raises StepError."""
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() == sha256:
            return path
    raise StepError(
        f"blob {sha256[:12]} of the store is damaged",
        facts=["its content has changed"],
        hint="nodebake store verify --repair",
    )


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    return header
