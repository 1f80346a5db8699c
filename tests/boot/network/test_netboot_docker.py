# SPDX-License-Identifier: Apache-2.0
"""A node without a card boots over the network and runs containers: their data are a file on the head."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builder.boot.netboot.head import LAYOUT
from tests.boot import docker_archive
from tests.boot.docker_node import NEEDS, NODE, DockerNode, serving, up
from tests.boot.timing import FIGURES
from tests.fixtures import Site

LEAST_LEFT = 650_000_000
"""Bytes of 1 GB that docker, idle, is to leave to others."""

pytestmark = NEEDS


@pytest.fixture(scope="module")
def node(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerNode]:
    """Without a card, as published by default: its disk is a file on the head. Its root brings an image."""
    folder = tmp_path_factory.mktemp("overlay")
    (site.root / "images").mkdir(exist_ok=True)
    docker_archive.write(site.root / "images/carried.tar", "carried", 1 << 20)
    words = ("--set", "preload=images/carried.tar")
    with serving(folder, site, "docker-netboot-overlay", *words) as here, up(here, site, "loop") as booted:
        yield booted


def test_docker_is_what_was_asked_for(node: DockerNode) -> None:
    assert (node.checked(), node.driver()) == ("overlay2", "overlay2")
    kind, source = node.place()
    assert kind == "ext4"
    assert source.startswith("/dev/loop")
    names = node.booted.head.names(LAYOUT.instances / NODE.name / "data")
    assert names == ["docker.img", "docker.owner"]


def test_nothing_failed(node: DockerNode) -> None:
    assert not node.tell("systemctl --failed --plain --no-legend")


def test_the_image_of_its_root_is_given_to_it_once(node: DockerNode) -> None:
    """Who removes it means it."""
    node.tell("docker image inspect carried && docker image rm carried")
    node.tell("sudo systemctl restart docker-preload")
    assert not node.tell("docker image ls --quiet carried")


def test_the_memory_is_left_to_others(node: DockerNode) -> None:
    FIGURES["MemAvailable with docker idle, loop"] = node.available()
    assert node.available() >= LEAST_LEFT


def test_a_container_prints_its_line(node: DockerNode) -> None:
    node.import_probe()
    assert node.container("echo line-$((40 + 2))") == "line-42"


def test_an_image_of_two_layers_is_built(node: DockerNode) -> None:
    lines = (
        *("FROM probe", 'SHELL ["/usr/bin/busybox", "sh", "-c"]'),
        *("RUN echo one >/one", "RUN busybox cat /one /one >/two"),
    )
    written = " ".join(f"'{line}'" for line in lines)
    node.tell(f"printf '%s\\n' {written} | docker build --network none --tag two -")
    assert node.container("busybox cat /two", image="two").split() == ["one", "one"]
    layers = "docker image inspect --format '{{len .RootFS.Layers}}'"
    assert node.tell(f"{layers} probe; {layers} two").split() == ["1", "3"]


def test_an_image_leaves_and_comes_back(node: DockerNode) -> None:
    before = node.tell("docker image inspect --format '{{.Id}}' two")
    node.tell("docker save two --output two.tar && docker image rm two && docker load --input two.tar")
    assert node.tell("docker image inspect --format '{{.Id}}' two") == before


def test_a_folder_of_the_node_is_seen_inside(node: DockerNode) -> None:
    node.tell("mkdir -p shared && echo bound >shared/file")
    assert node.container("busybox cat /mnt/file; echo back >/mnt/answer", "-v ~/shared:/mnt") == "bound"
    assert node.tell("cat shared/answer") == "back"


def test_the_head_reaches_a_port(node: DockerNode) -> None:
    script = "busybox mkdir /www && echo from-inside >/www/index.html && exec busybox httpd -f -p 80 -h /www"
    node.tell(f"docker run --detach --name web --publish 8080:80 probe /usr/bin/busybox sh -c '{script}'")
    # The port is open before the server behind it is.
    ask = f"exec 3<>/dev/tcp/{NODE.address}/8080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3"
    node.booted.head.lan.until("web", "bash", "-c", f"{ask} | grep --quiet .")
    assert node.booted.head.lan.run("bash", "-c", ask) == "from-inside\n"
    node.tell("docker rm --force web")


def test_containers_and_images_outlive_a_restart(node: DockerNode) -> None:
    node.tell("docker create --name kept --network none probe /usr/bin/busybox echo kept")
    node.start_again()
    assert node.checked() == "overlay2"
    assert node.tell("docker start --attach kept") == "kept"
    assert node.container("busybox cat /two", image="two").split() == ["one", "one"]
    # What came with the root and was removed has not come back.
    assert not node.tell("docker image ls --quiet carried")
