# SPDX-License-Identifier: Apache-2.0
"""A registry with two images, and recipes that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.recipe.recipe import Recipe
from tests.tools.registry.served import OF_DOCKER, Registry, registry
from tests.unit.recipe.project import SITE, recipe

ARM64 = {"os": "linux", "architecture": "arm64", "variant": "v8"}
ARMV6 = {"os": "linux", "architecture": "arm", "variant": "v6"}
AMD64 = {"os": "linux", "architecture": "amd64"}
BASES = {"pi4": "debian", "pizerow": "raspbian"}


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """`group/sim:1` is made for three platforms, `plain:1` for arm64 alone and without an index."""
    with registry(tmp_path_factory.mktemp("registry") / "r") as found:
        images = [
            found.image("group/sim", "", AMD64, "base of amd64"),
            found.image("group/sim", "", ARMV6, "base of v6", "top of v6", kinds=OF_DOCKER),
            found.image("group/sim", "", ARM64, "base of arm64", "top", "top"),
        ]
        found.index("group/sim", "1", *images)
        found.image("plain", "1", ARM64, "plain", kinds=OF_DOCKER)
        yield found


def asking(*images: str, board: str = "pi4", insecure: bool = False) -> Recipe:
    """A recipe that preloads images."""
    rows = ", ".join(f"{{image: '{image}', insecure: {str(insecure).lower()}}}" for image in images)
    text = (
        f"format: 1\nbase: {BASES[board]}\nboards: [{board}]\n"
        f"layers:\n  - users: [{{name: me, keys: site}}]\n  - docker: {{preload: [{rows}]}}\n"
        "outputs: {image: {}}\n"
    )
    return recipe({"recipes/x.yaml": text, "site.yaml": SITE})


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    folder = tmp_path / "blobs"
    folder.mkdir()
    return folder
