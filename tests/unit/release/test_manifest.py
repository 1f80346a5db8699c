# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.release import manifest
from builder.release.manifest import ContainerImage
from tests.unit.release.samples import CARD, MANIFEST, NETBOOT

DATA = Path(__file__).parents[2] / "data"


def sample(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def test_format_3_is_written_as_the_samples() -> None:
    assert manifest.dump(CARD) == sample("manifest-3-image.json")
    assert manifest.dump(NETBOOT) == sample("manifest-3-netboot.json")


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("manifest-1.json", MANIFEST),
        ("manifest-2-image.json", MANIFEST),
        ("manifest-2-netboot.json", NETBOOT),
        ("manifest-3-image.json", CARD),
        ("manifest-3-netboot.json", NETBOOT),
    ],
)
def test_all_formats_are_read_for_good(name: str, release: manifest.Manifest) -> None:
    assert manifest.parse(sample(name)) == release


def test_format_1_knows_no_netboot() -> None:
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(sample("manifest-2-netboot.json").replace('"format": 2', '"format": 1'))
    assert caught.value.facts == ("netboot: format 1 does not know it",)


def test_format_2_knows_nothing_of_flashing() -> None:
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(sample("manifest-3-image.json").replace('"format": 3', '"format": 2'))
    assert caught.value.facts == tuple(
        f"image.{name}: format 2 does not know it" for name in ("trial", "identity", "bootcode")
    )


def test_images_of_registries() -> None:
    images = (ContainerImage("docker.io/library/x:1", "linux/arm64", "ab" * 32),)
    text = manifest.dump(replace(NETBOOT, images=images))
    assert manifest.parse(text).images == images
    # Where there are none, nothing is said of them, as before there were any.
    assert '"images"' not in manifest.dump(NETBOOT)
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(text.replace('"format": 3', '"format": 2'))
    assert caught.value.facts == ("images: format 2 does not know it",)


def test_each_file_is_a_line() -> None:
    lines = manifest.dump(MANIFEST).splitlines()
    assert sum('"path"' in line for line in lines) == len(MANIFEST.files)


@pytest.mark.parametrize("text", ['{"format": 4}', "[]", "{}"])
def test_another_format_is_refused(text: str) -> None:
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(text)
    assert "cannot be read" in caught.value.message
    assert caught.value.hint == "update nodebake, or build the release again with this one"


def test_what_the_format_does_not_know_is_refused() -> None:
    text = manifest.dump(MANIFEST).replace('"epoch": 1767323045', '"epoch": "now", "more": 1')
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(text)
    assert caught.value.message == "the release manifest is damaged"
    assert [fact.split(":")[0] for fact in caught.value.facts] == ["epoch", "more"]


def test_no_json_is_refused() -> None:
    with pytest.raises(NodebakeError, match="the release manifest is damaged"):
        manifest.parse("not")
