# SPDX-License-Identifier: Apache-2.0
"""What registries say of images, and what of it is no use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builder.lock.lock import Blob
from builder.registry.manifests import choose, offered, pieces, platform

V6, V7, V8, NONE = ("1" * 64, "2" * 64, "3" * 64, "4" * 64)


def row(sha256: str, **platform: str) -> dict[str, Any]:
    return {"digest": f"sha256:{sha256}", "size": 5, "platform": {"os": "linux", **platform}}


INDEX = json.dumps(
    {
        "manifests": [
            row(V6, architecture="arm", variant="v6"),
            row(V7, architecture="arm"),
            row(V8, architecture="arm64", variant="v8"),
            row(NONE, architecture="arm64"),
            row(NONE, os="unknown", architecture="unknown"),
        ]
    }
).encode()


def test_the_best_platform_is_chosen() -> None:
    assert choose(INDEX, ["linux/arm64"]) == ("linux/arm64", V8)
    assert choose(INDEX, ["linux/arm/v7", "linux/arm/v6"]) == ("linux/arm/v7", V7)
    assert choose(INDEX, ["linux/arm/v6", "linux/arm/v5"]) == ("linux/arm/v6", V6)
    assert choose(INDEX, ["linux/arm/v5"]) is None
    assert offered(INDEX) == ["linux/arm/v6", "linux/arm/v7", "linux/arm64"]


def test_the_platform_of_a_config() -> None:
    assert platform(b'{"os": "linux", "architecture": "arm", "variant": "v6"}') == "linux/arm/v6"
    assert platform(b'{"os": "linux", "architecture": "amd64"}') == "linux/amd64"


CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{V6}", "size": 3}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{V7}", "size": 4}


def test_the_pieces_of_an_image() -> None:
    found = pieces(json.dumps({"config": CONFIG, "layers": [LAYER, LAYER]}).encode())
    assert (found.config, found.layers) == (Blob(V6, 3), (Blob(V7, 4), Blob(V7, 4)))


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ([], "it is no JSON object"),
        ({}, "it is no image that docker runs"),
        ({"config": {**CONFIG, "mediaType": "text/plain"}}, "it is no image that docker runs"),
        ({"config": CONFIG}, "it names no layers"),
        ({"config": CONFIG, "layers": ["x"]}, "it names no layers"),
        (
            {"config": CONFIG, "layers": [{**LAYER, "mediaType": "text/plain"}]},
            "docker is given no layer of the kind `text/plain`",
        ),
        ({"config": CONFIG, "layers": [{**LAYER, "digest": "sha512:00"}]}, "by another digest than a sha256"),
        ({"config": {**CONFIG, "digest": "sha256:../../x"}, "layers": []}, "another digest than a sha256"),
        ({"config": {**CONFIG, "size": "3"}, "layers": []}, "or without its size"),
    ],
)
def test_what_is_no_use(manifest: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pieces(json.dumps(manifest).encode())


@pytest.mark.parametrize("index", [b"", b"{}", b'{"manifests": [1]}'])
def test_what_is_no_index(index: bytes) -> None:
    with pytest.raises(ValueError, match=r"names no manifests|Expecting value"):
        choose(index, [])
