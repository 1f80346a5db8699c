# SPDX-License-Identifier: Apache-2.0
"""The strategies for docker's data, measured one after the other on the same emulated node.

Time is what the emulator takes of this machine's processors: that is the same on a busy machine.
Two others are measured beside them, which nodebake does not offer: see CANDIDATES.
The table goes to `docker-strategies.md` in NODEBAKE_TEST_LOGS, or to the test's folder.
NODEBAKE_DOCKER_STARTS is how many containers are started, 200 if nobody says.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.boot.netboot.head import LAYOUT, Head, port
from builder.head.node.identity import CONTENT
from builder.recipe.docker_strategy import STRATEGIES
from tests.boot import docker_archive
from tests.boot.docker_node import DATA, HEAD, NEEDS, NODE, UNITS, DockerNode, make_card, serving, up
from tests.fixtures import Site
from tests.needs import needs_tool

STARTS = int(os.environ.get("NODEBAKE_DOCKER_STARTS", "200"))
LOADED = 100 << 20
SYNCS = 200
LEAST_LEFT = 650 << 20
NAMES = tuple(strategy.name for strategy in STRATEGIES if strategy.output == "netboot")

# What might stand in the place of `loop`: functions of docker-data, written over its own.
CANDIDATES = {
    "nbd": f"""
loop() {{
    modprobe nbd
    nbd-client -c /dev/nbd0 >/dev/null || nbd-client {HEAD} /dev/nbd0 -name docker -persist
    disk=/dev/nbd0
    [ -n "$(blkid -o value -s TYPE $disk)" ] ||
        mkfs.ext4 -q -m 0 -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 $disk
}}
release() {{ :; }}
""",
    "zram": """
loop() {
    modprobe zram num_devices=1
    disk=/dev/zram0
    umount $disk 2>/dev/null || :
    echo 1 >/sys/block/zram0/reset
    echo zstd >/sys/block/zram0/comp_algorithm
    echo 1G >/sys/block/zram0/disksize
    mkfs.ext4 -q -m 0 $disk
}
release() { :; }
""",
}
FORGET = "sync; echo 3 | sudo tee /proc/sys/vm/drop_caches >/dev/null"
SCRIPT = "/usr/lib/nodebake/docker-data"
FORGETS = ("tmpfs", "zram")
NBD_SIZE = 4 << 30
RECIPE = """\
format: 1
summary: docker-netboot-sd, and what is tried beside it
include: [docker-netboot-sd]
layers:
  - packages: [nbd-client]
"""

pytestmark = [*NEEDS, needs_tool("qemu-nbd")]


@dataclass(frozen=True)
class Figures:
    """Of one strategy. Processor seconds, bytes; `network` is what went both ways, beyond the archive."""

    ready: float
    load: float
    starts: float
    syncs: float
    left: int
    network: int

    def row(self, name: str) -> str:
        cells = (
            *(name, f"{self.ready:.0f} s", f"{self.load:.0f} s", f"{self.starts / STARTS:.1f} s"),
            *(f"{1000 / self.syncs:.1f} ms", f"{self.left / 1e6:.0f} MB", f"{self.network / 1e6:.0f} MB"),
        )
        return f"| {' | '.join(cells)} |\n"


HEADER = (
    f"| strategy | docker ready | 100 MB loaded | a start, of {STARTS} | an fsync | memory left | network |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


@pytest.fixture(scope="module")
def node(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerNode]:
    """With a card, and an archive of an image among its own files."""
    folder = tmp_path_factory.mktemp("strategies")
    docker_archive.write(folder / "large.tar", "large", LOADED)
    card, disk = make_card(folder / "card.img"), folder / "nbd.img"
    with disk.open("wb") as sparse:
        sparse.truncate(NBD_SIZE)
    (site.root / "recipes/strategies.yaml").write_text(RECIPE)
    with serving(folder, site, "strategies") as here:
        here.lan.start(
            "qemu-nbd", "qemu-nbd", "--format", "raw", "--export-name", "docker", "--persistent", disk
        )
        here.lan.copy(folder / "large.tar", LAYOUT.contents / NODE.name / "large.tar")
        with up(here, site, "booted", card) as booted:
            yield booted


def test_every_strategy(node: DockerNode, tmp_path: Path) -> None:
    table = HEADER
    place = Path(os.environ.get("NODEBAKE_TEST_LOGS", tmp_path)) / "docker-strategies.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    for name in ("card", *(name for name in NAMES if name != "card")):
        figures = measured(node, name, forgets=name in FORGETS)
        table += figures.row(name)
        place.write_text(table)
        # In memory, what docker holds is taken from it.
        assert figures.left >= LEAST_LEFT or name in FORGETS
        assert node.checked()
    print(f"\n{table}")


def test_what_might_stand_in_the_place_of_loop(node: DockerNode) -> None:
    own = node.tell(f"cat {SCRIPT}")
    table = HEADER
    node.use("card")
    for name, functions in CANDIDATES.items():
        head, main = own.split("# shellcheck source=")
        text = shlex.quote(f"{head}{functions}# {main}")
        node.tell(f"printf %s {text} | sudo tee {SCRIPT} >/dev/null")
        # `use` stops what is there by the script that is there now.
        node.use("tmpfs")
        table += measured(node, "loop", forgets=name in FORGETS).row(name)
        assert node.checked()
    print(f"\n{table}")


def measured(node: DockerNode, name: str, *, forgets: bool) -> Figures:
    head = node.booted.head
    node.use(name)
    # As at a boot: what lasts has been made before, and what does not is made again.
    node.tell(f"docker tag nodebake/check kept && sudo systemctl stop {UNITS}")
    node.tell(FORGET)
    ready = seconds(node, f"sudo systemctl start {UNITS}")
    kept = node.tell("docker image ls --quiet kept")
    assert bool(kept) != forgets, kept
    left = node.available()
    # The archive comes over the network each time.
    node.tell(FORGET)
    before = wire(head)
    load = seconds(node, f"docker load --quiet --input {CONTENT}/large.tar && sync")
    node.import_probe()
    run = "docker run --rm --network none probe /usr/bin/busybox true"
    starts = seconds(node, f"for i in $(seq {STARTS}); do {run} || exit 1; done")
    syncs = seconds(node, f"sudo dd if=/dev/zero of={DATA}/syncs bs=4k count={SYNCS} oflag=dsync status=none")
    node.tell(f"sudo rm {DATA}/syncs; docker image rm large")
    return Figures(ready, load, starts, SYNCS / syncs, left, wire(head) - before - LOADED)


def seconds(node: DockerNode, command: str) -> float:
    """What a command takes of this machine's processors."""
    before = spent(node)
    node.tell(command, seconds=3600)
    return spent(node) - before


def spent(node: DockerNode) -> float:
    """Processor seconds of the emulator since it was started."""
    told = Path(f"/proc/{node.booted.guest.process.pid}/stat").read_text()
    user, system = told.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def wire(head: Head) -> int:
    """Bytes that have gone to and from the node."""
    told = json.loads(head.lan.run("ip", "-s", "-j", "link", "show", port(NODE)))[0]["stats64"]
    return int(told["rx"]["bytes"]) + int(told["tx"]["bytes"])
