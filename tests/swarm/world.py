# SPDX-License-Identifier: Apache-2.0
"""A head and nodes in network namespaces, each on a wire of its own speed, with an ssh server and a card.

For who runs in network, mount and process namespaces of their own (`tests.swarm.inside`): all of it goes
with those.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.machine import Machine
from tests.flash.ground import blank

HEAD, OPERATOR, PORT = "10.9.0.250", "10.9.0.251", 8017
THROTTLE = Path("/sys/fs/cgroup/blkio")
_ENTER = """\
set -e
mount -t overlay none -o "lowerdir=$1/etc:/etc" /etc
mount -t tmpfs none "$1/dev"
for each in null zero full random urandom; do
    : >"$1/dev/$each"
    mount --bind "/dev/$each" "$1/dev/$each"
done
mkdir "$1/dev/shm"
mount --bind /dev/shm "$1/dev/shm"
mount -t tmpfs none /run
: >"$1/dev/mmcblk0"
mount --bind "$(cat "$1/device")" "$1/dev/mmcblk0"
mount --rbind "$1/dev" /dev
export PATH="$1/bin:/usr/bin:/bin"
exec sh -c "$SSH_ORIGINAL_COMMAND"
"""


@dataclass(frozen=True)
class Node:
    """One node: a folder, with the files of its own that it has below /etc, and its card."""

    name: str
    address: str
    folder: Path
    device: str
    sshd: subprocess.Popen[bytes]

    def die(self) -> None:
        """Its wire is dead, and nobody at its end says so."""
        ip("link", "set", f"p-{self.name}", "down")


@dataclass(frozen=True)
class World:
    """`access` is the operator's, who sits on a wire without a limit."""

    folder: Path
    access: Access
    nodes: Mapping[str, Node]

    def machine(self, name: str) -> Machine:
        return Machine(name, (self.nodes[name].address,), "root")


@contextmanager
def world(
    folder: Path, signers: Path, count: int, size: int, *, mbit: int, slow: Mapping[str, int], rate: int
) -> Iterator[World]:
    """`count` nodes with blank cards of `size` bytes, that read and write `rate` bytes a second.

    Wires carry `mbit` each way, those of `slow` less.
    """
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in ("operator", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True)
    _bridge()
    _wire("head", HEAD, mbit)
    nodes = {}
    with ExitStack() as stack:
        for number in range(1, count + 1):
            name = f"node{number:02}"
            address = f"10.9.0.{number}"
            _wire(name, address, slow.get(name, mbit))
            nodes[name] = stack.enter_context(_node(folder / name, name, address, keys, signers, size, rate))
        known = (keys / "host.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(
            "".join(f"{node.name},{node.address} {' '.join(known)}\n" for node in nodes.values())
        )
        ssh = SshModel(user="root", key=str(keys / "operator"), port=22, timeout=20)
        yield World(folder, Access(ssh, folder), nodes)


@contextmanager
def serving(releases: Path) -> Iterator[str]:
    """The head serves all releases below a folder; the URL that paths go behind."""
    argv = [
        "ip",
        "netns",
        "exec",
        "head",
        sys.executable,
        "-m",
        "tests.swarm.head",
        str(releases),
        HEAD,
        str(PORT),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), url
        try:
            yield url
        finally:
            process.kill()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _bridge() -> None:
    ip("link", "set", "lo", "up")
    ip("link", "add", "lan", "type", "bridge")
    ip("address", "add", f"{OPERATOR}/24", "dev", "lan")
    ip("link", "set", "lan", "up")


def _wire(name: str, address: str, mbit: int) -> None:
    """A namespace on a cable to the bridge, which carries so much each way."""
    ip("netns", "add", name)
    ip("link", "add", f"p-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", f"p-{name}", "master", "lan", "up")
    inside = ["-n", name]
    ip(*inside, "link", "set", "lo", "up")
    ip(*inside, "address", "add", f"{address}/24", "dev", "eth0")
    ip(*inside, "link", "set", "eth0", "up")
    limit = ["root", "tbf", "rate", f"{mbit}mbit", "burst", "64kb", "latency", "50ms"]
    subprocess.run(["tc", "qdisc", "add", "dev", f"p-{name}", *limit], check=True)
    subprocess.run(["tc", *inside, "qdisc", "add", "dev", "eth0", *limit], check=True)


@contextmanager
def _node(
    folder: Path, name: str, address: str, keys: Path, signers: Path, size: int, rate: int
) -> Iterator[Node]:
    for each in ("etc/nodebake", "dev", "bin"):
        (folder / each).mkdir(parents=True)
    (folder / "enter").write_text(_ENTER)
    (folder / "etc/nodebake/allowed_signers").write_bytes(signers.read_bytes())
    (folder / "etc/hostname").write_text(f"{name}\n")
    (folder / "etc/passwd").write_text(
        re.sub(r"(?m)^(root:.*):[^:]*$", r"\1:/bin/sh", Path("/etc/passwd").read_text())
    )
    for program, text in (("sudo", '[ "$1" = -n ] && shift\nexec "$@"'), ("systemctl", "exit 0")):
        (folder / "bin" / program).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "bin" / program).chmod(0o755)
    (folder / "sshd").write_text(
        f"ListenAddress {address}\nHostKey {keys / 'host'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {keys / 'operator.pub'}\nPermitRootLogin yes\n"
        f"SetEnv PATH={folder}/bin:/usr/bin:/bin\n"
        f"ForceCommand exec {shlex.join(['unshare', '--mount', 'sh', str(folder / 'enter'), str(folder)])}\n"
    )
    with ExitStack() as stack:
        device = stack.enter_context(_card(folder / "card.img", size, rate))
        (folder / "device").write_text(device)
        mounts = f"mount --bind {folder}/etc/passwd /etc/passwd"
        argv = f"{mounts} && exec /usr/sbin/sshd -D -e -f {folder / 'sshd'}"
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "--mount", "sh", "-c", argv], stderr=log
        )
        stack.callback(_end, process)
        yield Node(name, address, folder, device, process)


@contextmanager
def _card(image: Path, size: int, rate: int) -> Iterator[str]:
    """A blank card; the kernel lets its loop device go with us, however we end."""
    argv = ["losetup", "--find", "--show", str(blank(image, size))]
    device = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    number = Path(f"/sys/class/block/{Path(device).name}/dev").read_text().strip()
    with Path(device).open("rb"):
        # In use, it is only marked: it goes when the last one closes it.
        subprocess.run(["losetup", "--detach", device], check=True)
        limits = [THROTTLE / f"blkio.throttle.{what}_bps_device" for what in ("write", "read")]
        try:
            if rate:
                _limit(limits, number, rate)
            yield device
        finally:
            if rate:
                _limit(limits, number, 0)


def _limit(files: list[Path], number: str, rate: int) -> None:
    for path in files:
        path.write_text(f"{number} {rate}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    process.wait()


def within(world: World, seconds: float = 20) -> None:
    """Wait until all nodes let the operator in."""
    until = time.monotonic() + seconds
    for node in world.nodes.values():
        while "listening" not in (node.folder / "log").read_text():
            assert time.monotonic() < until, (node.folder / "log").read_text()
            time.sleep(0.05)
