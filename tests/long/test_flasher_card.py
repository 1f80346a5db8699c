# SPDX-License-Identifier: Apache-2.0
"""The flasher of a board without network boot, from files on its card's first partition."""

from __future__ import annotations

import re
import subprocess
import time
from argparse import Namespace
from pathlib import Path

import pytest

from builder.boot.machine import BOARDS, Machine
from builder.cli.workspace import workspace
from builder.flash.agent import identity
from builder.flash.agent.order import Identity
from builder.host.emulator import loopback_port, unattended, way_to_disks
from tests.boot.guest import Guest, Shell
from tests.boot.timing import BOOTS
from tests.fixtures import Site
from tests.long.mirror import locked
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    pytest.mark.boot,
    needs_tool("sfdisk", "mkfs.vfat", "mcopy", "mmd", "qemu-system-aarch64", "qemu-img", "ssh", "ssh-keygen"),
]

RECIPE = """\
format: 1
summary: the flasher of the Zero W nodes
include: [flasher-card]
base: debian-armel
boards: [pizerow]
outputs: {netboot: {mode: ram}}
"""
MIB = 1 << 20
CARD, BOOT, SIZE, SLOT = 256 * MIB, 8 * MIB, 200 * MIB, (4 * MIB, 256 * 1024)
FOLDER = "nodebake-flasher"
HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
# With the second it is not named again by its MAC address, which the inventory knows as another one's.
FILES = ("etc/hostname", "etc/nodebake/node", HOST_KEY)
# Three times what was measured on two busy cores.
SSH_SECONDS = 400


def test_it_comes_from_the_card_and_lets_go_of_it(site: Site, tmp_path: Path) -> None:
    (site.root / "recipes/flasher-zero.yaml").write_text(RECIPE)
    locked(workspace(Namespace(project=site.root, recipe="flasher-zero", set=())))
    release = Path(site.built("flasher-zero", "--locked")["manifest"]).parent
    slot = identity.pack(Identity(str(node(tmp_path / "node")), FILES), SLOT[1])
    raw = card(release, slot, tmp_path)
    machine = machine_of(site, release, raw, tmp_path)
    with unattended(machine.argv(), tmp_path / "emulator.log") as process:
        log, words, started = tmp_path / "serial.log", tmp_path / "emulator.log", time.monotonic()
        guest = Guest(process, machine.ssh_port, log, words, started)
        shell = Shell(guest, "admin", site.key)
        seconds = guest.until(shell.answers, "ssh", seconds=SSH_SECONDS, pause=5)
        BOOTS["flasher-card from the card of raspi0 answers ssh"] = seconds
        assert shell.tell("cat /etc/hostname /etc/nodebake/release").split() == [
            "node17",
            f"flasher-zero/{release.name}",
        ]
        assert (
            shell.tell(f"sudo ssh-keygen -y -f /{HOST_KEY}").split()[:2]
            == ((tmp_path / f"node/{HOST_KEY}.pub").read_text().split()[:2])
        )
        # The kernel gives the whole card to one alone only when nothing of it is in use.
        shell.tell("sudo python3 -c 'import os; os.open(\"/dev/mmcblk0\", os.O_RDWR | os.O_EXCL)'")
        # What makes it this node is there for the next boot, too.
        there = f"sudo dd if=/dev/mmcblk0 bs=65536 skip={SLOT[0] // 65536} count={SLOT[1] // 65536}"
        assert shell.tell(f"{there} status=none | tar -t").split() == sorted(FILES)
        assert (
            shell.tell("systemctl is-system-running --wait || systemctl --failed", seconds=300) == "running"
        )


def node(root: Path) -> Path:
    """The root of a running node, as far as it makes the node itself."""
    (root / "etc/ssh").mkdir(parents=True)
    (root / "etc/nodebake").mkdir()
    for path in ("etc/hostname", "etc/nodebake/node"):
        (root / path).write_text("node17\n")
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / HOST_KEY)]
    subprocess.run(argv, check=True)
    return root


def card(release: Path, slot: bytes, folder: Path) -> Path:
    """A card with the layers on its first partition and the node's identity in front of that."""
    raw, part = folder / "card.img", folder / "part.img"
    for path, size in ((raw, CARD), (part, SIZE)):
        with path.open("xb") as file:
            file.truncate(size)
    layers = [str(path) for path in release.glob("*.squashfs")]
    subprocess.run(["mkfs.vfat", "-F", "32", part], check=True, capture_output=True)
    subprocess.run(["mmd", "-i", part, f"::{FOLDER}"], check=True)
    subprocess.run(["mcopy", "-i", part, *layers, f"::{FOLDER}/"], check=True)
    table = f"label: dos\nstart={BOOT // 512},size={SIZE // 512},type=c\n"
    subprocess.run(["sfdisk", "-q", raw], input=table.encode(), check=True)
    with raw.open("r+b") as file:
        file.seek(SLOT[0])
        file.write(slot)
        file.seek(BOOT)
        file.write(part.read_bytes())
    part.unlink()
    return raw


def machine_of(site: Site, release: Path, raw: Path, folder: Path) -> Machine:
    """raspi0, with what its firmware would load from the boot tree of the release."""
    board, netboot = BOARDS["raspi0"], site.manifest("flasher-zero", "--locked").netboot
    assert netboot
    (folder / "boot").mkdir()
    subprocess.run(["tar", "-x", "-f", release / netboot.boot, "-C", folder / "boot"], check=True)
    boots = folder / "boot" / netboot.prefix
    words = {
        "release": f"flasher-zero/{release.name}",
        "mode": "ram",
        "root": f"card:{FOLDER}",
        "layers": ",".join(netboot.layers),
    }
    cmdline = " ".join([*netboot.cmdline, *(f"nodebake.{word}={value}" for word, value in words.items())])
    over = folder / "card.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", raw, over], check=True)
    return Machine(
        board=board,
        kernel=boots / netboot.boards[0].kernel,
        initrd=boots / netboot.boards[0].initramfs,
        device_tree=boots / str(board.device_tree),
        cmdline=re.sub(r"console=ttyS1\S*", "", cmdline),
        card=over,
        ssh_port=loopback_port(None),
        memory=board.memory,
        console=folder / "serial.log",
        aio=way_to_disks(),
    )
