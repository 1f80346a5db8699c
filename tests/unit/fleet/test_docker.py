# SPDX-License-Identifier: Apache-2.0
"""Nodes that share a root are changed once, and what they are given is what recipes give."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.fleet.docker import kit, one_of_each_root
from builder.fleet.machine import Machine
from builder.fleet.order import Outcome
from tests.unit.rules.source import ROOT

FOLDER = "10.42.0.250:/pxe/nodes/NODE/docker"


def look(name: str, root: str) -> tuple[Machine, Outcome]:
    return Machine(name, ("10.42.0.1",), "pi"), Outcome(name, 0, f"root={root}\nmode=\n")


def test_a_shared_root_is_changed_once() -> None:
    found = [
        look("node01", "10.42.0.250:/pxe/root nfs"),
        look("node02", "10.42.0.250:/pxe/root_node02 nfs"),
        look("node03", "10.42.0.250:/pxe/root nfs"),
        # The same name on each of them, and not the same card.
        look("node04", "/dev/mmcblk0p2 ext4"),
        look("node05", "/dev/mmcblk0p2 ext4"),
    ]
    machines, looks = [machine for machine, _ in found], [outcome for _, outcome in found]
    assert [each.name for each in one_of_each_root(machines, looks)] == [
        "node01",
        "node02",
        "node04",
        "node05",
    ]


def test_the_kit_holds_the_overlays_and_the_settings(tmp_path: Path) -> None:
    made = kit("fuse-overlayfs", FOLDER, ROOT / "overlays")
    assert {"docker.io", "fuse-overlayfs"} <= set(made.packages)
    assert "usr/lib/systemd/system/nodebake-docker-data.service" in made.files
    assert "overlay.yaml" not in made.files
    made.pack(tmp_path / "kit.tar")
    with tarfile.open(tmp_path / "kit.tar") as tar:
        assert {entry.mode for entry in tar if entry.name.startswith("usr/lib/nodebake/")} == {0o755}
        assert tar.getmember("etc/docker/daemon.json").uid == 0


@pytest.mark.parametrize("name", ["overlay2", "nothing"])
def test_strategies_that_cannot_be(name: str) -> None:
    with pytest.raises(RecipeError, match=f"docker's `{name}` cannot be had here: "):
        kit(name, FOLDER, ROOT / "overlays")
