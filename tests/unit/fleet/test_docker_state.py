# SPDX-License-Identifier: Apache-2.0
"""How docker is on a node, in a few words."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from builder.fleet import status
from builder.fleet.docker_state import DockerState, read, words
from builder.fleet.order import Outcome

WELL = {
    "unit_docker": "active",
    "unit_docker_check": "active",
    "unit_nodebake_docker_data": "active",
    "docker_strategy": "card",
    "docker_driver": "overlay2",
    "docker_used": "37",
    "docker_size": "30000000000",
}
NO_CARD = "this node has no card with a partition labelled nodebake-docker"


def test_a_node_without_docker() -> None:
    assert read({"docker_strategy": "card"}) is None


def test_docker_that_is_well() -> None:
    found = read(WELL)
    assert found == DockerState("active", "", "card", "overlay2", 30_000_000_000, 37)
    assert list(words(found)) == ["docker active (overlay2 on card)", "37 % of docker's 30.0 GB used"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit_docker_check": "activating"}, "docker-check activating"),
        (
            {"unit_docker_check": "failed", "why_docker_check": "docker runs no container"},
            "docker-check failed: docker runs no container",
        ),
        (
            {
                "unit_docker": "inactive",
                "unit_nodebake_docker_data": "failed",
                "why_nodebake_docker_data": NO_CARD,
            },
            f"nodebake-docker-data failed: {NO_CARD}",
        ),
    ],
)
def test_the_first_unit_that_is_not_well(changed: dict[str, str], said: str) -> None:
    found = read(WELL | changed)
    assert found
    assert list(words(found)) == [said]


def test_a_driver_that_nobody_has_checked_is_not_told() -> None:
    found = read({"unit_docker": "active", "docker_strategy": "overlay2", "docker_driver": "overlay2"})
    assert found == DockerState("active", strategy="overlay2")
    assert list(words(found)) == ["docker active (on overlay2)"]


def test_where_driver_and_place_have_one_name() -> None:
    found = read({**WELL, "docker_strategy": "vfs", "docker_driver": "vfs"})
    assert found
    assert next(words(found)) == "docker active (vfs)"


def test_it_is_part_of_what_a_node_says() -> None:
    text = "".join(f"{key}={value}\n" for key, value in WELL.items())
    says = status.read(Outcome("node01", 0, text))
    assert asdict(says)["docker"]["driver"] == "overlay2"
    assert list(status.words(says, "", 0.0))[:1] == ["docker active (overlay2 on card)"]
