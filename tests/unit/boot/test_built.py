# SPDX-License-Identifier: Apache-2.0
"""Finding what was built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.boot.built import Built, built, image_of
from builder.errors import NodebakeError
from builder.release.manifest import Artifact, Image, ImagePartition, Manifest, dump, parse
from tests.unit.rules.source import ROOT

BOOT = ImagePartition(
    1, 8 << 20, 512 << 20, "0c", "vfat", "bootfs", "AAAA-BBBB", "01020304-01", "/boot/firmware"
)


@pytest.fixture
def manifest() -> Manifest:
    sample = parse((ROOT / "tests/data/manifest-1.json").read_text())
    image = Artifact("image", "one.img", 2 << 30, "0" * 64)
    return replace(
        sample,
        recipe="one",
        architecture="arm64",
        image=Image(2 << 30, "01020304", (BOOT,)),
        artifacts=(image,),
    )


@pytest.fixture
def out(tmp_path: Path, manifest: Manifest) -> Path:
    folder = tmp_path / "one" / "v1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(dump(manifest))
    (folder / "one.img").touch()
    (tmp_path / "one" / "latest").symlink_to("v1")
    return tmp_path


def test_the_latest(out: Path) -> None:
    assert built(out / "one/latest", "one") == Built(out / "one/v1/one.img", 2 << 30, 8 << 20, "arm64")


def test_nothing_built(out: Path) -> None:
    with pytest.raises(NodebakeError) as raised:
        built(out / "other/latest", "other")
    assert raised.value.render() == "error: `other` has not been built\nhint: nodebake build other"
    assert raised.value.exit == 2


def test_the_image_is_gone(out: Path) -> None:
    (out / "one/v1/one.img").unlink()
    with pytest.raises(NodebakeError) as raised:
        built(out / "one/latest", "one")
    expected = f"error: there is no image `{out}/one/v1/one.img`\nhint: nodebake build one"
    assert raised.value.render() == expected


def test_built_without_an_image(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(NodebakeError) as raised:
        image_of(replace(manifest, image=None), tmp_path)
    assert raised.value.render() == f"error: `one` was built without an image\n  in {tmp_path}"
