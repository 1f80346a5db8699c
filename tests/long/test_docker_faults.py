# SPDX-License-Identifier: Apache-2.0
"""What docker's data on the head outlive: power cuts, a full disk, a head that is away for two minutes."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.boot.netboot.head import LAYOUT, Head
from builder.host.lan import end
from tests.boot.docker_node import DATA, NEEDS, NODE, UNITS, DockerNode, make_card, serving, up
from tests.boot.frozen import freeze, listening, thawed
from tests.boot.published import Booted, powered, until_login
from tests.boot.timing import FIGURES
from tests.fixtures import Site

RECIPE = "docker-netboot-overlay"
CUTS = 20
SEED = 20261125
# How long it writes before a cut, in seconds.
WRITES = (3.0, 20.0)
AWAY_SECONDS = 120
BACK_SECONDS = 240
LEAST_LEFT_OF_512 = 250_000_000
# Writes that matter to a driver: images come and go, containers change files, all of it at once.
BUSY = (
    "nohup sh -c 'while :; do docker run --rm --network none probe /usr/bin/busybox"
    " dd if=/dev/urandom of=/file bs=64k count=64 conv=fsync; docker tag probe again;"
    " docker image rm again; docker save probe | docker load; done' >/dev/null 2>&1 &"
)

pytestmark = NEEDS


@pytest.fixture(scope="module")
def head(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    with serving(tmp_path_factory.mktemp("faults"), site, RECIPE) as here:
        yield here


@pytest.fixture(scope="module")
def state(head: Head, site: Site) -> Path:
    """What the node goes on from: it has booted, and has not looked at docker's data yet."""
    talk, state = head.folder / "talk", head.folder / "state"
    with up(head, site, "first", words=listening(talk)) as node:
        node.import_probe()
        node.tell(f"sudo systemctl stop {UNITS}; sync")
        freeze(talk, state)
    return state


@contextmanager
def gone_on(head: Head, site: Site, state: Path, name: str) -> Iterator[DockerNode]:
    """The node after a power cut: what was in its memory is forgotten, what the head holds is not.

    The head has been started anew, as far as NFS goes, and has none of its connections any more.
    """
    head.serve_files()
    # The kernel's end of them would answer the node, which takes them up again where it was.
    head.lan.run("ss", "--kill", "dst", NODE.address)
    with powered(head, NODE, name, words=thawed(state)) as guest:
        node = DockerNode(Booted(head, NODE, guest, until_login(head, NODE, guest, site.key), 0, 0))
        node.tell(stirred())
        node.tell(f"sudo systemctl start {UNITS}")
        assert node.checked() == "overlay2", name
        yield node


def stirred() -> str:
    """Otherwise a node would think of the same random names each time that it goes on."""
    reseed = 0x5207  # RNDRESEEDCRNG of linux/random.h
    script = (
        f'open my $random, "+>", "/dev/urandom" or die; syswrite $random, "{secrets.token_hex(32)}";'
        f" ioctl($random, {reseed}, 0) or die"
    )
    return f"sudo perl -e '{script}'"


def lines(node: DockerNode) -> int:
    return int(node.tell("docker logs counting 2>/dev/null | wc -l"))


def test_a_head_that_is_away_and_a_node_that_starts_again_lose_nothing(
    head: Head, site: Site, state: Path
) -> None:
    """A container waits for the head, goes on, and is there after a power cut; so are its files."""
    with gone_on(head, site, state, "away") as node:
        count = "i=0; while :; do i=$((i + 1)); echo $i; echo $i >>/lines; busybox sync; busybox sleep 1;"
        node.tell(f"docker run --detach --name counting probe /usr/bin/busybox sh -c '{count} done'")
        boot = node.tell("cat /proc/sys/kernel/random/boot_id")
        end(head.running["ganesha"])
        time.sleep(AWAY_SECONDS)
        head.serve_files()
        before = lines(node)
        # Each mount asks again at instants of its own: the root was back a minute before docker's data.
        limit = time.monotonic() + BACK_SECONDS
        while lines(node) <= before:
            assert time.monotonic() < limit, f"{before} lines, and no more"
            time.sleep(5)
        assert (
            node.tell("docker inspect --format '{{.State.Status}} {{.RestartCount}}' counting") == "running 0"
        )
        assert node.tell("cat /proc/sys/kernel/random/boot_id") == boot
        kept = lines(node)
        node.tell("docker exec counting /usr/bin/busybox sync; sync")
        node.booted.guest.process.kill()
    with gone_on(head, site, state, "again") as node:
        assert "counting" in node.tell("docker ps --all --format '{{.Names}}'").split()
        node.tell("docker cp counting:/lines lines")
        numbers = node.tell("cat lines").split()
        assert len(numbers) >= kept
        assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_the_file_grows_and_a_full_one_stops_containers_but_not_docker(
    head: Head, site: Site, state: Path
) -> None:
    with gone_on(head, site, state, "full") as node:
        image = LAYOUT.instances / NODE.name / "data/docker.img"
        size = int(head.lan.run("stat", "--format", "%s", image))
        # Who else would let it grow.
        node.tell("sudo systemctl stop nodebake-docker-tend.timer")
        fill(node, size * 8 // 10)
        said = node.tell("sudo /usr/lib/nodebake/docker-data tend")
        assert "has grown to" in said
        assert int(head.lan.run("stat", "--format", "%s", image)) == size * 3 // 2
        assert int(node.tell(f"df --output=pcent {DATA} | tail -n 1 | tr -dc 0-9")) < 75
        full_and_back(node)


def test_docker_comes_up_after_twenty_power_cuts(head: Head, site: Site, state: Path) -> None:
    """The emulator is killed while docker writes; the instants follow from a seed."""
    instants = random.Random(SEED)
    for cut in range(CUTS + 1):
        with gone_on(head, site, state, f"cut-{cut}") as node:
            assert node.container("echo line-$((40 + 2))") == "line-42", f"after cut {cut}"
            if cut < CUTS:
                node.tell(BUSY)
                time.sleep(instants.uniform(*WRITES))
                node.booted.guest.process.kill()


def test_a_full_card_stops_containers_and_what_it_holds_outlives_a_power_cut(
    site: Site, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "card.img", 1 << 30)
    with serving(tmp_path, site, "docker-netboot-sd") as here:
        with up(here, site, "full-card", card) as node:
            node.import_probe()
            full_and_back(node)
            node.tell("docker create --name kept --network none probe /usr/bin/busybox echo kept; sync")
            node.booted.guest.process.kill()
        with up(here, site, "card-again", card) as node:
            assert node.checked() == "overlay2"
            assert node.tell("docker start --attach kept") == "kept"


def test_without_its_card_the_node_is_up_and_docker_is_down(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, site, "docker-netboot-sd") as here, up(here, site, "no-card") as node:
        failed = node.tell("systemctl --failed --plain --no-legend").split()
        assert "nodebake-docker-data.service" in failed
        assert node.tell("systemctl is-active docker containerd || true").split() == ["inactive"] * 2
        said = node.tell("sudo journalctl -b -u nodebake-docker-data --no-pager --output cat")
        assert "this node has no card with a partition labelled nodebake-docker" in said


def test_half_of_a_small_machine_is_left_to_others(head: Head, site: Site) -> None:
    with up(head, site, "small", memory=512) as node:
        FIGURES["MemAvailable of 512 MB with docker idle, loop"] = node.available()
        assert node.checked() == "overlay2"
        assert node.available() >= LEAST_LEFT_OF_512


def fill(node: DockerNode, size: int) -> None:
    """Take room without writing to it."""
    node.tell(f"sudo fallocate --length {size} $(sudo mktemp --tmpdir={DATA} fill.XXXX)")


def full_and_back(node: DockerNode) -> None:
    """Not a byte is left: what writes is told so, and nothing else is lost."""
    room = int(node.tell(f"df --output=avail --block-size=1 {DATA} | tail -n 1"))
    fill(node, room - (64 << 20))
    node.tell(f"sudo dd if=/dev/zero of={DATA}/rest bs=1M status=none || true; sync")
    write = "docker run --rm --network none probe /usr/bin/busybox dd if=/dev/zero of=/file bs=1M count=1"
    assert "no space left on device" in node.tell(f"{write} 2>&1 || true").lower()
    assert node.tell("systemctl is-active docker") == "active"
    node.tell(f"sudo sh -c 'rm -f {DATA}/rest {DATA}/fill.*'")
    assert node.container("echo line-$((40 + 2))") == "line-42"
