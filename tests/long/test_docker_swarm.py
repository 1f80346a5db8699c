# SPDX-License-Identifier: Apache-2.0
"""Two nodes that boot over the network are a swarm: a service runs on both, and each port leads to both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.boot.docker_node import NEEDS, NODE, DockerNode, serving, up
from tests.fixtures import Site

OTHER = replace(NODE, name="node08", number=8, mac="b8:27:eb:00:00:08", address="10.42.0.8")
NODES = (NODE, OTHER)
# How long tasks and what leads to them may take until they are there, on two emulated nodes.
SECONDS = 300
# 10.0.0.0/8, from which docker takes networks unless told otherwise, holds the nodes' own addresses.
POOL = "--default-addr-pool 10.99.0.0/16"

pytestmark = NEEDS


@pytest.fixture(scope="module")
def nodes(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[DockerNode]]:
    """Both up, the second joined to the first, which manages."""
    folder = tmp_path_factory.mktemp("swarm")
    with ExitStack() as stack:
        here = stack.enter_context(
            serving(folder, site, "docker-netboot-overlay", "--set", "swarm=true", nodes=NODES)
        )
        both = [stack.enter_context(up(here, site, node.name, node=node)) for node in NODES]
        manager, worker = both
        manager.tell(f"docker swarm init --advertise-addr {NODE.address} {POOL}")
        token = manager.tell("docker swarm join-token --quiet worker")
        worker.tell(f"docker swarm join --token {token} {NODE.address}:2377")
        for node in both:
            node.import_probe()
        yield both


def test_both_are_ready(nodes: list[DockerNode]) -> None:
    said = nodes[0].tell("docker node ls --format '{{.Hostname}} {{.Status}}'").splitlines()
    assert sorted(said) == ["node07 Ready", "node08 Ready"]


def test_a_service_runs_on_both_and_every_port_leads_to_both(nodes: list[DockerNode]) -> None:
    manager = nodes[0]
    manager.tell("docker network create --driver overlay --attachable between")
    script = (
        "busybox mkdir -p /www && busybox hostname >/www/index.html && exec busybox httpd -f -p 80 -h /www"
    )
    manager.tell(
        "docker service create --detach --no-resolve-image --quiet --name web --mode global --network between"
        " --hostname {{.Node.Hostname}} --publish 8080:80 probe"
        f" /usr/bin/busybox sh -c '{script}'"
    )
    for node in NODES:
        assert answers(manager, node.address, 8080) == {"node07", "node08"}, node.name


def test_containers_of_two_nodes_reach_each_other_by_name(nodes: list[DockerNode]) -> None:
    """By the network between them, and not by the ports of the nodes."""
    for node in nodes:
        tasks = node.container(
            "busybox nslookup tasks.web | busybox grep -c 'Address.*10[.]99'", "--network between"
        )
        assert tasks == "2"
        said = node.container(
            "for i in 1 2 3 4; do busybox wget -q -O - http://web/; done", "--network between"
        )
        assert set(said.split()) == {"node07", "node08"}


def answers(node: DockerNode, address: str, port: int) -> set[str]:
    """Which nodes answer at a port of a node, as the head sees it, once both do or time is up."""
    ask = f"exec 3<>/dev/tcp/{address}/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3"
    found: set[str] = set()
    limit = time.monotonic() + SECONDS
    while len(found) < len(NODES) and time.monotonic() < limit:
        said = node.booted.head.lan.run("timeout", "10", "bash", "-c", f"{ask} 2>/dev/null || true")
        found |= set(said.split())
        time.sleep(0.5)
    return found
