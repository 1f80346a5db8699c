# SPDX-License-Identifier: Apache-2.0
"""A node with docker that boots what is published to it, and what it is asked there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.boot.netboot.head import Head, head
from builder.boot.netboot.machine import MEMORY
from builder.head.node.inventory import Inventory, Node
from tests.boot import published
from tests.boot.containers import SECONDS, imported
from tests.boot.published import SSH_SECONDS, Booted, powered, until_ssh
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

NEEDS = [*published.NEEDS, needs_tool("sfdisk", "mke2fs")]
NODE = Node(f"node{NODE_NUMBER:02d}", NODE_NUMBER, "b8:27:eb:00:00:07", f"10.42.0.{NODE_NUMBER}", "pi3b")
HEAD = "10.42.0.250"
DATA = "/srv/docker"
UNITS = "docker.socket docker containerd nodebake-docker-data docker-check"
CHECKED = re.compile(r"a container runs, with the storage driver (\S+)")
_READY_SECONDS = 600
_SHELL = "/usr/bin/busybox sh -c"
_FIRST_SECTOR = 2048


@dataclass(frozen=True)
class DockerNode:
    """The node, whose docker has run the container of its check."""

    booted: Booted

    def tell(self, command: str, seconds: float = SECONDS) -> str:
        return self.booted.login.tell(command, seconds=seconds)

    def container(self, script: str, options: str = "--network none", image: str = "probe") -> str:
        """What a container says that runs a script of busybox's shell."""
        return self.tell(f"docker run --rm {options} {image} {_SHELL} '{script}'")

    def driver(self) -> str:
        return self.tell("docker info --format '{{.Driver}}'")

    def checked(self) -> str:
        """The driver with which docker-check has seen a container run; AssertionError when it has not."""
        said = self.tell("sudo journalctl -b -u docker-check --no-pager --output cat")
        assert self.tell("systemctl is-active docker-check || true") == "active", said
        return CHECKED.findall(said)[-1]  # type: ignore[no-any-return]

    def place(self) -> tuple[str, str]:
        """File system and source of docker's data."""
        kind, source = self.tell(f"findmnt --noheadings --output FSTYPE,SOURCE {DATA}").split()
        return kind, source

    def use(self, strategy: str) -> None:
        self.tell(f"sudo /usr/lib/nodebake/docker-data use {strategy}", seconds=_READY_SECONDS)

    def start_again(self) -> None:
        """Have it shut down and come up, until docker is ready or has failed."""
        guest, before = self.booted.guest, self._boot()
        self.tell("sudo systemctl --no-block reboot")
        guest.until(
            lambda: self._boot() not in ("", before), "second boot", seconds=guest.seconds() + SSH_SECONDS
        )
        self.tell("systemctl is-system-running --wait || true", seconds=_READY_SECONDS)

    def _boot(self) -> str:
        """Which boot answers; empty when none does."""
        try:
            return self.booted.login.ssh("cat /proc/sys/kernel/random/boot_id", seconds=30).stdout
        except subprocess.TimeoutExpired:
            return ""

    def import_probe(self) -> None:
        """Give it the image `probe`, of busybox."""
        self.tell(imported("usr/bin/busybox"))

    def available(self) -> int:
        """Bytes of memory for others."""
        return 1024 * int(self.tell("sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"))


@contextmanager
def serving(
    folder: Path, site: Site, recipe: str, *words: str, nodes: Sequence[Node] = (NODE,)
) -> Iterator[Head]:
    """A head that serves the nodes this recipe."""
    stock = Inventory("sevastopol", HEAD, ("10.42.0.0/24",), tuple(nodes))
    with head(stock, folder) as here:
        here.publish(Path(site.built(recipe, *words)["manifest"]).parent)
        here.serve()
        yield here


@contextmanager
def up(
    here: Head,
    site: Site,
    name: str,
    card: Path | None = None,
    *,
    node: Node = NODE,
    memory: int = MEMORY,
    words: Sequence[str] = (),
) -> Iterator[DockerNode]:
    """The node has power while the body runs; `name` is that of the boot. Docker is ready, or has failed."""
    with powered(here, node, name, card, memory=memory, words=words) as guest:
        booted = until_ssh(here, node, guest, site.key)
        BOOTS[f"docker on the network, {name}, answers ssh"] = guest.seconds()
        booted.login.tell("systemctl is-system-running --wait || true", seconds=_READY_SECONDS)
        BOOTS[f"docker on the network, {name}, is ready"] = guest.seconds()
        yield DockerNode(booted)


def make_card(card: Path, size: int = 4 << 30, *, label: str = "nodebake-docker") -> Path:
    """The image of an SD card with one partition that docker's data may lie on."""
    with card.open("wb") as sparse:
        sparse.truncate(size)
    subprocess.run(
        ["/usr/sbin/sfdisk", "--quiet", card], input=f"{_FIRST_SECTOR},,83\n", text=True, check=True
    )
    offset = _FIRST_SECTOR * 512
    blocks = (size - offset) // 4096
    options = ("-b", "4096", "-L", label, "-E", f"offset={offset},nodiscard,lazy_itable_init=1")
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", *options, card, str(blocks)], check=True)
    return card
