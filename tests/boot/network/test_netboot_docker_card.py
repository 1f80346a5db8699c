# SPDX-License-Identifier: Apache-2.0
"""A node boots over the network and has docker's data on its card; it goes over to each other strategy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from builder.boot.netboot.head import LAYOUT
from tests.boot.docker_node import NEEDS, NODE, DockerNode, make_card, serving, up
from tests.fixtures import ROOT, Site

STATUS = ROOT / "builder/fleet/node/status.sh"

pytestmark = NEEDS


@pytest.fixture(scope="module")
def node(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerNode]:
    """With a card that was made ready."""
    folder = tmp_path_factory.mktemp("sd")
    card = make_card(folder / "card.img")
    with serving(folder, site, "docker-netboot-sd") as here, up(here, site, "card", card) as booted:
        yield booted


def test_its_own_card_holds_the_data(node: DockerNode) -> None:
    assert (node.checked(), node.driver()) == ("overlay2", "overlay2")
    assert node.place() == ("ext4", "/dev/mmcblk0p1")
    node.import_probe()
    assert node.container("echo line-$((40 + 2))") == "line-42"


@pytest.mark.parametrize(
    ("strategy", "driver", "kind"),
    [
        ("fuse-overlayfs", "fuse-overlayfs", "nfs"),
        ("vfs", "vfs", "nfs"),
        ("tmpfs", "overlay2", "tmpfs"),
        ("loop", "overlay2", "ext4"),
    ],
)
def test_a_node_goes_over_to_another_strategy(
    node: DockerNode, strategy: str, driver: str, kind: str
) -> None:
    node.use(strategy)
    assert (node.checked(), node.driver()) == (driver, driver)
    assert node.place()[0] == kind


def test_a_folder_of_another_node_is_refused(node: DockerNode) -> None:
    """Two nodes on one file would destroy it: nothing of docker runs, and the node stays up."""
    owner = LAYOUT.instances / NODE.name / "data/docker.owner"
    node.booted.head.lan.write(owner, "node08 0\n")
    node.tell("sudo systemctl stop docker.socket docker containerd nodebake-docker-data")
    node.tell("sudo systemctl start docker || true")
    assert node.tell("systemctl is-active docker nodebake-docker-data || true").split() == [
        "inactive",
        "failed",
    ]
    said = node.tell("sudo journalctl -b -u nodebake-docker-data --no-pager --output cat")
    assert "are those of node08, and this is node07: both would destroy them" in said
    assert node.booted.head.text(owner) == "node08 0\n"
    # The same is what `nodebake status` asks it.
    status = f"sh -c {shlex.quote(STATUS.read_text(encoding='utf-8'))}"
    assert "why_nodebake_docker_data=" in (told := node.tell(status))
    assert "both would destroy them" in told
