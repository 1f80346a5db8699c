# SPDX-License-Identifier: Apache-2.0
"""Names of images as docker reads them, and the platforms that boards run."""

from __future__ import annotations

import pytest

from builder.base import definition as bases
from builder.board import definition as boards
from builder.recipe.docker_image import parse, platforms


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("arm32v6/alpine", "docker.io/arm32v6/alpine:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("docker.io/group/x:1", "docker.io/group/x:1"),
        ("localhost/x", "localhost/x:latest"),
        ("10.42.0.250:5000/sim:v1.2", "10.42.0.250:5000/sim:v1.2"),
        ("registry.example.org/a/b/c__d-e:1", "registry.example.org/a/b/c__d-e:1"),
    ],
)
def test_names_in_full(text: str, full: str) -> None:
    name = parse(text)
    assert str(name) == full
    assert str(parse(full)) == full


def test_a_files_name_for_it() -> None:
    assert parse("10.42.0.250:5000/a/sim:1").file == "10.42.0.250_5000_a_sim_1"


@pytest.mark.parametrize("text", ["", "/", "a//b", "../x", "x/../y", "Alpine", "a:b:c", "-x", "x" * 300])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (name|tag) of an image"):
        parse(text)


@pytest.mark.parametrize(
    ("base", "names", "wanted"),
    [
        ("debian", ["pi3b", "pi5"], ("linux/arm64",)),
        ("raspios", ["pizero2w"], ("linux/arm64",)),
        ("debian-armhf", ["pi2b", "pi4"], ("linux/arm/v7", "linux/arm/v6", "linux/arm/v5")),
        ("raspbian", ["pi4"], ("linux/arm/v7", "linux/arm/v6", "linux/arm/v5")),
        ("raspbian", ["pi4", "pizerow"], ("linux/arm/v6", "linux/arm/v5")),
        ("debian-armel", ["pizerow"], ("linux/arm/v6", "linux/arm/v5")),
    ],
)
def test_platforms_that_all_boards_run(base: str, names: list[str], wanted: tuple[str, ...]) -> None:
    assert platforms(bases.load(base), [boards.load(name) for name in names]) == wanted
