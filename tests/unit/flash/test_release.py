# SPDX-License-Identifier: Apache-2.0
"""What the flasher reads of manifests, whatever else they tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.flash.agent import release

DATA = Path(__file__).parents[2] / "data"
SAMPLE = (DATA / "manifest-3-image.json").read_bytes()


def test_a_manifest_is_read_without_its_files() -> None:
    found = release.parse(SAMPLE)
    whole = json.loads(SAMPLE)
    assert found.label == f"{whole['recipe']}/{whole['version']}"
    assert found.image_size == whole["image"]["size"]
    assert found.slot == (whole["image"]["identity"]["start"], whole["image"]["identity"]["size"])
    assert found.bootcode == whole["image"]["bootcode"]


@pytest.mark.parametrize("number", [1, 2])
def test_former_formats_have_no_place_for_an_identity(number: int) -> None:
    whole = json.loads(SAMPLE)
    del whole["image"]["identity"], whole["image"]["bootcode"]
    found = release.parse(json.dumps({**whole, "format": number}).encode())
    assert (found.slot, found.bootcode) == ((0, 0), 0)


@pytest.mark.parametrize(
    ("data", "message", "code"),
    [
        (b"", "the release manifest is damaged", 1),
        (b"[]", "the release manifest is damaged", 1),
        (b'{"format": 9}', "a release manifest of format `9` cannot be flashed", 1),
        ((DATA / "manifest-3-netboot.json").read_bytes(), "has no image", 2),
        (SAMPLE.replace(b'"bootcode": ', b'"bootcode": 99999999999'), "the release manifest is damaged", 1),
    ],
)
def test_what_cannot_be_flashed(data: bytes, message: str, code: int) -> None:
    with pytest.raises(NodebakeError) as caught:
        release.parse(data)
    assert (message in caught.value.message, int(caught.value.exit)) == (True, code)
