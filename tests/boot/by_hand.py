# SPDX-License-Identifier: Apache-2.0
"""A release for netboot, laid out and booted by hand: kernel, initramfs and command line are given to the
emulator, so only what comes after them is at stake. Who publishes does all this for real nodes.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.boot.machine import EMULATOR, PATIENCE
from builder.host import lan as network
from builder.release.manifest import Manifest, Netboot
from tests.boot.guest import Guest
from tests.boot.lan import HEAD, PXE, Export, Lan, Node

CONTENT = "/opt/individual_content"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
DATA = "1G"
_LABEL = "nodebake-data"


@dataclass(frozen=True)
class LaidOut:
    """A node's part of what is served: `words` are its command line's, `drives` what is plugged in."""

    exports: tuple[Export, ...]
    words: tuple[str, ...]
    drives: tuple[str, ...] = ()


def lay_out(net: Lan, release: Path, manifest: Manifest, node: Node, folder: Path) -> LaidOut:
    """Bring a release to the head, with what makes it this node's; `folder` takes a card."""
    netboot = manifest.netboot
    assert netboot
    name = f"{manifest.recipe}/{manifest.version}"
    shared, own = f"releases/{name}", f"instances/{node.name}"
    exports = [*_identity(net, node)]
    words = [f"nodebake.release={name}", f"nodebake.mode={netboot.mode}"]
    words += [f"nodebake.identity={HEAD}:{PXE}/identity/{node.name}", f"nodebake.head={HEAD}"]
    drives: tuple[str, ...] = ()
    if netboot.root:
        net.unpack(release / netboot.root, PXE / own / "root")
        exports.append(Export(f"{own}/root", (node.address,), writable=True))
        words.append(f"nodebake.root={HEAD}:{PXE}/{own}/root")
    else:
        for layer in netboot.layers:
            net.copy(release / layer, PXE / shared / layer)
        exports.append(Export(shared))
        words += [f"nodebake.root={HEAD}:{PXE}/{shared}", f"nodebake.layers={','.join(netboot.layers)}"]
        words.append(f"nodebake.writable={netboot.writable}")
    if netboot.writable == "loop":
        net.run("mkdir", "-p", PXE / own / "data")
        net.run("truncate", "--size", DATA, PXE / own / "data/data.img")
        net.run("mke2fs", "-q", "-t", "ext4", PXE / own / "data/data.img")
        exports.append(Export(f"{own}/data", (node.address,), writable=True))
        words.append(f"nodebake.data={HEAD}:{PXE}/{own}/data")
    if netboot.writable == "card":
        drives = _card(net, folder / "card.img")
    return LaidOut(tuple(exports), (*netboot.cmdline, *words), drives)


def _identity(net: Lan, node: Node) -> Iterator[Export]:
    """The node's own files, and its content folder."""
    folder, content = PXE / "identity" / node.name, f"nodes/{node.name}"
    net.write(folder / "etc/hostname", f"{node.name}\n")
    net.write(folder / "etc/machine-id", f"{MACHINE_ID}\n", "444")
    net.write(folder / "etc/nodebake/node", f"{node.name}\n")
    mounted = f"{HEAD}:{PXE}/{content} {CONTENT} nfs vers=3,proto=tcp,nolock,nofail,_netdev 0 0\n"
    net.write(folder / "etc/fstab", mounted)
    key = folder / "etc/ssh/ssh_host_ed25519_key"
    net.run("mkdir", "-p", key.parent)
    net.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    net.run("chmod", "700", folder)
    net.run("mkdir", "-p", PXE / content)
    yield Export(f"identity/{node.name}", (node.address,))
    yield Export(content, (node.address,), writable=True)


def _card(net: Lan, card: Path) -> tuple[str, ...]:
    net.run("truncate", "--size", DATA, card)
    net.run("mke2fs", "-q", "-t", "ext4", "-L", _LABEL, card)
    return ("-drive", f"file={card},if=none,id=card,format=raw", "-device", "virtio-blk-pci,drive=card")


def host_key(net: Lan, node: Node) -> str:
    """A line of known_hosts."""
    public = net.run("cat", PXE / f"identity/{node.name}/etc/ssh/ssh_host_ed25519_key.pub").split()
    return f"{node.address} {public[0]} {public[1]}\n"


@contextmanager
def booted(
    net: Lan, release: Path, netboot: Netboot, node: Node, laid: LaidOut, memory: int = 1024
) -> Iterator[Guest]:
    """Boot the node while the body runs; logs are beside those of the network."""
    board = netboot.boards[0]
    folder = net.logs / "boot"
    folder.mkdir()
    subprocess.run(["tar", "--extract", "--file", release / netboot.boot, "--directory", folder], check=True)
    files = folder / netboot.prefix
    serial = net.logs / "serial.log"
    argv: Sequence[str | Path] = (
        *(EMULATOR, "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", str(memory)),
        *("-kernel", files / board.kernel, "-initrd", files / board.initramfs),
        *("-append", " ".join([*laid.words, PATIENCE, "console=ttyAMA0"])),
        *("-netdev", f"tap,id=net,ifname={node.port},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=net,mac={node.mac},romfile="),
        *laid.drives,
        *("-display", "none", "-monitor", "none", "-serial", f"file:{serial}"),
    )
    started = time.monotonic()
    process = net.start("emulator", *argv)
    yield Guest(process, 22, serial, net.logs / "emulator.log", started)


@dataclass(frozen=True)
class Login:
    """Logging in to a node from the head, its host key known."""

    net: network.Lan
    address: str
    key: Path
    known: Path

    def ssh(self, command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command there; never asks anything."""
        settings = (
            *("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.known}"),
            *("LogLevel=ERROR", "ConnectTimeout=30"),
        )
        fixed = [word for setting in settings for word in ("-o", setting)]
        return subprocess.run(
            self.net.within("ssh", "-F", "none", "-i", self.key, *fixed, f"admin@{self.address}", command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def answers(self) -> bool:
        """Whether one can log in by now."""
        try:
            return self.ssh("true", seconds=60).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def tell(self, command: str, seconds: float = 120) -> str:
        """What a command writes; AssertionError when it fails."""
        done = self.ssh(command, seconds)
        assert done.returncode == 0, f"`{command}` ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()
