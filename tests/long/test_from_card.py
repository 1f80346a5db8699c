# SPDX-License-Identifier: Apache-2.0
"""An emulated Zero, which boots from nothing but its card, is moved to a newer system over ssh, on real FAT.

What its firmware would load is read off the card with mtools at each start.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from builder.board import definition
from builder.boot.machine import BOARDS, Machine
from builder.cli.project import Project
from builder.cli.workspace import workspace
from builder.deploy.keys import Ring
from builder.flash.agent.receipt import Receipt
from builder.flash.offer import offer
from builder.flash.several import Wish, carry_out, orders
from builder.host.emulator import loopback_port, unattended, way_to_disks
from builder.netboot.config_txt import read_as
from builder.report.silent import SilentReport
from tests.boot.guest import Guest, Shell
from tests.deploy import conftest as of_deploy
from tests.deploy.conftest import Operator
from tests.fixtures import Site
from tests.long.mirror import locked
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    pytest.mark.boot,
    needs_tool("mtype", "mcopy", "fsck.fat", "qemu-system-aarch64", "ssh", "ssh-keyscan", "sshd"),
]

place = of_deploy.place
operator = of_deploy.operator
ZERO = """\
format: 1
summary: what the Zero W nodes run
include: [minimal]
base: debian-armel
boards: [pizerow]
outputs: {image: {free: 64M, boot_size: 256M}}
"""
# Its initramfs gives up once it has found the root.
PANICS = f"{ZERO}layers: [{{boot: {{cmdline: [break=bottom]}}}}]\n"
ON_A_ZERO = {"base": "debian-armel", "boards": "pizerow"}
CARD = 1 << 31
BOOT = 8 << 20
UP_SECONDS = 900
DOWN_SECONDS = 300
SLOW = 400
"""Seconds for a word to a node whose one processor is emulated, and may be busy with its start."""


@dataclass
class Bay:
    """The node while it has power; each start is a process of its own. `boots` are what it was booted by."""

    card: Path
    folder: Path
    port: int
    boots: list[str] = field(default_factory=list)
    _power: Event = field(default_factory=Event)

    def run(self) -> None:
        while self._power.is_set():
            log = self.folder / f"serial-{len(self.boots)}.log"
            argv = [word.replace("format=qcow2", "format=raw") for word in self._machine(log).argv()]
            with unattended([*argv, "-no-reboot"], self.folder / "emulator.log") as process:
                while process.poll() is None and self._power.is_set():
                    time.sleep(0.2)
            # A reset ends the process too: that is a start, and this is none.
            if "reboot: Power down" in log.read_text(encoding="utf-8", errors="replace"):
                return

    @contextmanager
    def powered(self) -> Iterator[Thread]:
        """Power, while the body runs; the thread ends when the node has shut down."""
        self._power.set()
        runs = Thread(target=self.run)
        runs.start()
        try:
            yield runs
        finally:
            self._power.clear()
            runs.join()

    def _machine(self, console: Path) -> Machine:
        board = BOARDS["raspi0"]
        said = read_as(self._text("config.txt"), definition.section("pizerow"))
        prefix, words = said.get("os_prefix", ""), said.get("cmdline", "cmdline.txt")
        self.boots.append("for once" if words != "cmdline.txt" else prefix.partition("/")[0])
        initramfs = said["initramfs"].split()[0]
        kernel, initrd, tree = (
            self._take(f"{prefix}{name}") for name in (said["kernel"], initramfs, str(board.device_tree))
        )
        return Machine(
            board=board,
            kernel=kernel,
            initrd=initrd,
            device_tree=tree,
            cmdline=re.sub(r"console=ttyS1\S*", "", self._text(f"{prefix}{words}").strip()),
            card=self.card,
            ssh_port=self.port,
            memory=board.memory,
            console=console,
            aio=way_to_disks(),
        )

    def _take(self, name: str) -> Path:
        target = self.folder / Path(name).name
        subprocess.run(["mcopy", "-n", "-o", "-i", f"{self.card}@@{BOOT}", f"::{name}", target], check=True)
        return target

    def _text(self, name: str) -> str:
        argv = ["mtype", "-i", f"{self.card}@@{BOOT}", f"::{name}"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_a_zero_is_moved_to_a_newer_system_and_comes_back_from_one_that_panics(
    site: Site, operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.root / "recipes/zero.yaml").write_text(ZERO)
    former = built(site, "zero", journal_size="32M")
    newer = built(site, "zero")
    (site.root / "recipes/zero-panics.yaml").write_text(PANICS)
    panics = built(site, "zero-panics")
    flasher = built(site, "flasher-card", **ON_A_ZERO)
    out = tmp_path / "out"
    out.mkdir()
    for release in (newer, panics, flasher):
        (out / release.parent.name).symlink_to(release.parent)
    monkeypatch.setenv("NODEBAKE_OUT", str(out))

    bay = Bay(tmp_path / "card.img", tmp_path, loopback_port(None))
    root = desk(operator, site, bay.port)
    with bay.card.open("wb") as sparse:
        sparse.truncate(CARD)
    written(root, former, bay.card)
    with bay.powered() as power:
        shell = until_ssh(site, bay, tmp_path)
        assert shell.tell("cat /etc/nodebake/release", seconds=SLOW) == f"zero/{former.name}"
        scan = ["ssh-keyscan", "-t", "ed25519", "-p", str(bay.port), "127.0.0.1"]
        told = subprocess.run(scan, check=True, capture_output=True, text=True).stdout
        (root / "known_hosts").write_text(f"node07 {told.partition(' ')[2]}")
        said = operator.ask("deploy", "zero", "node07", "--force", "--up-within", str(UP_SECONDS))
        assert said.code == 0, said.err
        runs_by_itself(shell, newer)
        said = operator.ask("deploy", "zero-panics", "node07", "--force", "--up-within", str(UP_SECONDS))
        assert said.code == 1, said.err
        assert said.out.startswith("node07  restored: node07 came up with flasher-card/"), said.err
        runs_by_itself(shell, newer)
        shell.tell("sudo systemctl --no-block poweroff", seconds=SLOW)
        power.join(DOWN_SECONDS)
        assert not power.is_alive()
    moved = ["", "nodebake-flasher", "for once", ""]
    assert bay.boots == [*moved, "nodebake-flasher", "for once", *moved[1:]]
    part = tmp_path / "boot.fat"
    with bay.card.open("rb") as card, part.open("wb") as copy:
        card.seek(BOOT)
        copy.write(card.read(256 << 20))
    checked = subprocess.run(["fsck.fat", "-n", part], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def runs_by_itself(shell: Shell, release: Path) -> None:
    """It is itself, in `release`, and nothing of a flasher or a trial is left on it."""
    look = "cat /etc/nodebake/release /etc/hostname; sudo ls /boot/firmware; cat /proc/cmdline"
    told = shell.tell(look, seconds=SLOW).split()
    assert told[:2] == [f"zero/{release.name}", "node07"]
    assert {"config.txt", "cmdline.txt"} <= set(told)
    assert not [word for word in told if "flasher" in word or "trial" in word or "once" in word]


def built(site: Site, recipe: str, **settings: str) -> Path:
    """The folder of a release, built from a lock of today's indexes as they are."""
    given = [f"{key}={value}" for key, value in settings.items()]
    locked(workspace(Namespace(project=site.root, recipe=recipe, set=given)))
    words = (word for each in given for word in ("--set", each))
    return Path(site.built(recipe, "--locked", *words)["manifest"]).parent


def desk(operator: Operator, site: Site, port: int) -> Path:
    """The operator's project, with keys for releases, the node and its wireless network's secret."""
    root = operator.root
    shutil.copytree(site.root / "keys", root / "keys")
    shutil.copy(site.root / "release_signers", root)
    (root / "site.yaml").write_text("format: 1\nsecrets: {wifi: {file: wifi}}\n")
    (root / "wifi").write_text("nobody may read this")
    (root / "cluster.yaml").write_text(
        "format: 1\nhead: {name: sevastopol, board: pi3bplus, address: 127.0.0.250}\n"
        "networks: {wifi: {subnet: 127.0.0.0/24, first: 127.0.0.11, wireless: true}}\n"
        f"ssh: {{user: admin, port: {port}, key: {site.key}, timeout: 60}}\n"
        "defaults: {board: pizerow, network: wifi}\nnodes:\n"
        '  - {number: 7, mac: "b8:27:eb:00:00:01", address: 127.0.0.1}\n'
    )
    return root


def written(root: Path, release: Path, card: Path) -> None:
    """What `nodebake write` does in a reader."""
    ring, known = Ring(root), Project(root).cluster()
    offered = offer(release, ring.signers_file, ring.revoked_file)
    trust = {"etc/nodebake/allowed_signers": ring.signers_file.read_text()}
    secrets = {"wifi": b"nobody may read this"}
    given = orders(offered, [str(card)], known.select(["node07"]), known, secrets, Wish(), trust)
    (done,) = carry_out(offered, given, SilentReport())
    assert isinstance(done, Receipt), done


def until_ssh(site: Site, bay: Bay, folder: Path) -> Shell:
    limit = time.monotonic() + UP_SECONDS
    with unattended(["true"], folder / "true.log") as process:
        guest = Guest(process, bay.port, folder / "serial-0.log", folder / "emulator.log", time.monotonic())
    shell = Shell(guest, "admin", site.key)
    while not shell.answers():
        assert time.monotonic() < limit, guest.story("no ssh")
        time.sleep(5)
    return shell
