# SPDX-License-Identifier: Apache-2.0
"""Images that come with a root are given to docker once for each place of its data."""

from __future__ import annotations

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "docker-preload/docker-preload"
IMAGES = "usr/share/nodebake/images"
NOTED = "srv/docker/docker/nodebake-preloaded"


@pytest.fixture
def node(machine: Machine) -> Machine:
    machine.stub("docker", "case $1 in info) echo /srv/docker/docker ;; load) cat ;; esac")
    machine.write(f"{IMAGES}/one.tar.id", "aa\n")
    machine.write(f"{IMAGES}/two.tar.id", "bb\n")
    (machine.root / NOTED).parent.mkdir(parents=True)
    return machine


def loaded(node: Machine) -> list[str]:
    return [call.rpartition("/")[2] for call in node.called() if call.startswith("docker load")]


def test_each_is_loaded_once(node: Machine) -> None:
    for _ in range(2):
        done = node.run(SCRIPT)
        assert (done.returncode, done.stderr) == (0, "")
    assert loaded(node) == ["one.tar", "two.tar"]
    assert node.read(NOTED) == "aa\nbb\n"


def test_another_archive_of_the_same_name_is_loaded(node: Machine) -> None:
    assert node.run(SCRIPT).returncode == 0
    node.write(f"{IMAGES}/one.tar.id", "cc\n")
    assert node.run(SCRIPT).returncode == 0
    assert loaded(node) == ["one.tar", "two.tar", "one.tar"]


def test_what_could_not_be_loaded_is_tried_again(node: Machine) -> None:
    node.stub("docker", "case $1 in info) echo /srv/docker/docker ;; load) exit 1 ;; esac")
    assert node.run(SCRIPT).returncode == 1
    assert node.read(NOTED) == ""
