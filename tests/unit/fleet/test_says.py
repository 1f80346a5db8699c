# SPDX-License-Identifier: Apache-2.0
"""What nodes say of themselves, from the scripts' answers to what people read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from builder.cluster.cluster import Node
from builder.fleet import status, temperature
from builder.fleet.busy import business
from builder.fleet.docker_state import DockerState
from builder.fleet.order import Outcome
from builder.fleet.status import Card, Says


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("users=\ncontainers=0\nload=0.10 0.05\n", ""),
        ("users=pi root\ncontainers=2\nload=0.10 0.05\n", "logged in: pi, root, containers running: 2"),
        ("users=\nload=3.97 2.50\n", "load 4.0"),
        # Just booted: one minute is high, five are not.
        ("users=\nload=2.10 0.60\n", ""),
        ("", ""),
    ],
)
def test_what_busy_is(answer: str, expected: str) -> None:
    assert business(Outcome("node01", 0, answer)) == expected


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            "up_since=1000\nrelease=minimal-netboot/1\nroot=shared\nroot_on=overlay overlay\n",
            Says(up_since=1000, release="minimal-netboot/1", root="shared"),
        ),
        ("root_on=10.42.0.250:/pxe/root nfs\n", Says(root="nfs")),
        (
            "root_on=/dev/mmcblk0p2 ext4\nunit_docker=active\n",
            Says(root="card", docker=DockerState("active")),
        ),
        (
            "unit_nodebake_docker_data=failed\nunit_docker=inactive\n",
            Says(docker=DockerState("nodebake-docker-data failed")),
        ),
        (
            "card=mmcblk0\ncard_size=31914983424\ncard_cid=0353\ncard_errors=7\n",
            Says(card=Card(31914983424, "0353", read_only=False, errors=7)),
        ),
        ("noise of a profile\n", Says()),
    ],
)
def test_an_answer_is_read(answer: str, says: Says) -> None:
    assert status.read(Outcome("node01", 0, answer)) == says


def test_it_is_told_in_words() -> None:
    says = Says(
        "", 0, "a/1", "shared", DockerState("docker failed"), Card(31914983424, "", read_only=True, errors=0)
    )
    assert list(status.words(says, "a/1", 0)) == [
        "root shared",
        "docker failed",
        "card 32 GB, read-only",
    ]
    assert list(status.words(Says(up_since=100), "a/1", 7300)) == ["up 2 h", "runs another root"]
    silent = status.read(Outcome("node01", None, why="no ssh: no answer in time"))
    assert list(status.words(silent, "a/1", 0)) == ["no ssh: no answer in time"]


def node(number: int, place: int | None) -> Node:
    bar = "" if place is None else "AB"[place >> 4]
    some: Any = SimpleNamespace(name=f"node{number:02}", bar=bar, place=place)
    return some  # type: ignore[no-any-return]


def test_the_grid_is_the_rack() -> None:
    nodes = [node(1, 0x01), node(3, 0x03), node(16, 0x11), node(99, None)]
    cluster: Any = SimpleNamespace(nodes=nodes)
    degrees = {"node01": 48.312, "node03": None, "node16": 51.0, "node99": 40.0}
    assert list(temperature.grid(cluster, nodes, degrees)) == [
        "      1     2     3",
        "A  48.3          --",
        "B  51.0",
        "node99  40.0",
    ]
    assert temperature.summary(degrees) == "warmest node16 51.0 °C, mean 46.4 °C"
    assert temperature.summary({"node01": None}) == ""
