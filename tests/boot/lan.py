# SPDX-License-Identifier: Apache-2.0
"""A cluster's network of its own: a head that gives addresses and files, and nodes on it.

Everything is in namespaces that are gone with the test: a bridge with a port for each node, dnsmasq for
DHCP, nfs-ganesha for NFS. `/srv/pxe` in there is memory, seen by nobody else. An ordinary user with
subordinate ids can have one too, but its NFS server cannot open what it serves (`needs_root_for_nfs`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.needs import PATH

HEAD = "10.42.0.250"
PXE = Path("/srv/pxe")
TOOLS = ("unshare", "nsenter", "setpriv", "ip", "dnsmasq", "ganesha.nfsd", "rpcbind")
_BRIDGE = "lan0"
_PATIENCE = 30


@dataclass(frozen=True)
class Node:
    """A node's place on the network: its name, MAC and address, and the port that it hangs on."""

    number: int

    @property
    def name(self) -> str:
        return f"node{self.number:02d}"

    @property
    def mac(self) -> str:
        return f"b8:27:eb:00:00:{self.number:02x}"

    @property
    def address(self) -> str:
        return f"10.42.0.{self.number}"

    @property
    def port(self) -> str:
        return f"port{self.number}"


@dataclass(frozen=True)
class Export:
    """A folder below PXE, for these addresses alone, or for all when there are none."""

    path: str
    clients: tuple[str, ...] = ()
    writable: bool = False


@dataclass(frozen=True)
class Lan:
    """The network while it is there. `holder` is a process in its namespaces, `logs` a folder."""

    holder: int
    logs: Path
    nodes: tuple[Node, ...]
    processes: ExitStack = field(default_factory=ExitStack)

    def within(self, *argv: str | Path) -> list[str]:
        """A command line that runs `argv` in there, and ends with whoever starts it."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        enter = ["nsenter", "--target", str(self.holder), *user, "--mount", "--net"]
        return [*enter, "setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def run(self, *argv: str | Path, stdin: bytes | None = None) -> str:
        """What a command in there prints. AssertionError when it fails."""
        done = subprocess.run(
            self.within(*argv), input=stdin or b"", capture_output=True, check=False, env=_environment()
        )
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0, (
            f"{argv}: {done.returncode}\n{said}{done.stderr.decode(errors='replace')}"
        )
        return said

    def start(self, name: str, *argv: str | Path) -> subprocess.Popen[bytes]:
        """Start a program in there that runs until the network goes; what it says is in `logs`."""
        sink = self.processes.enter_context((self.logs / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            self.within(*argv), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=_environment()
        )
        self.processes.callback(_end, process)
        return process

    def serve(self, exports: Sequence[Export]) -> None:
        """Start DHCP and NFS; the exported folders must be there."""
        hosts = [f"--dhcp-host={node.mac},{node.address},{node.name},infinite" for node in self.nodes]
        self.start("dnsmasq", "dnsmasq", *_DNSMASQ, *hosts)
        configuration = self.logs / "ganesha.conf"
        configuration.write_text(_GANESHA + "".join(map(_export, range(1, 1 + len(exports)), exports)))
        self.start("rpcbind", "rpcbind", "-f", "-w")
        self._until("rpcbind", "test", "-S", "/run/rpcbind.sock")
        log = self.logs / "ganesha.nfsd.log"
        self.start("ganesha", "ganesha.nfsd", "-F", "-f", configuration, "-L", log, "-p", "/run/ganesha.pid")
        self._until("ganesha", "bash", "-c", f"exec 3<>/dev/tcp/{HEAD}/2049 4<>/dev/tcp/{HEAD}/20048")

    def unpack(self, archive: Path, folder: Path) -> None:
        """Unpack a tar, perhaps compressed, with its owners."""
        self.run("mkdir", "-p", folder)
        self.run("tar", "--extract", "--numeric-owner", "--file", archive, "--directory", folder)

    def copy(self, source: Path, target: Path) -> None:
        """Bring a file in there."""
        self.run("mkdir", "-p", target.parent)
        self.run("cp", source, target)

    def write(self, target: Path, text: str, mode: str = "644") -> None:
        """Write a file in there."""
        self.run("mkdir", "-p", target.parent)
        self.run("tee", target, stdin=text.encode())
        self.run("chmod", mode, target)

    def received(self, node: Node) -> int:
        """Bytes that a node's port has brought to it."""
        told: list[dict[str, Any]] = json.loads(self.run("ip", "-s", "-j", "link", "show", node.port))
        return int(told[0]["stats64"]["tx"]["bytes"])

    def _until(self, what: str, *argv: str) -> None:
        end = time.monotonic() + _PATIENCE
        while subprocess.run(self.within(*argv), capture_output=True, check=False).returncode:
            log = "\n".join(
                path.read_text(errors="replace")[-2000:] for path in sorted(self.logs.glob(f"{what}*.log"))
            )
            assert time.monotonic() < end, f"{what} does not answer\n{log}"
            time.sleep(0.3)


@contextmanager
def lan(logs: Path, *numbers: int) -> Iterator[Lan]:
    """The network with the nodes of these numbers, while the body runs."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user", "--map-auto"]
    # It ends when its stdin does, so it does not outlive the tests.
    hold = ["unshare", *user, "--mount", "--net", "sh", "-c", "echo ready && exec cat >/dev/null"]
    with subprocess.Popen(hold, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        with ExitStack() as processes:
            made = Lan(holder.pid, logs, tuple(map(Node, numbers)), processes)
            made.run("sh", "-eu", "-c", _prepare(made.nodes))
            yield made
        holder.stdin.close()


def _prepare(nodes: Sequence[Node]) -> str:
    """What makes the namespaces a head and its network."""
    folders = "/run /srv /var/lib/nfs /var/log"
    lines = [
        f"for folder in {folders}; do [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder; done"
    ]
    lines += ["mkdir -p /srv/pxe /run/rpcbind /run/ganesha /var/lib/nfs/ganesha /run/lock"]
    lines += [f"ip link set lo up; ip link add {_BRIDGE} type bridge; ip link set {_BRIDGE} up"]
    lines += [f"ip address add {HEAD}/24 dev {_BRIDGE}"]
    for node in nodes:
        lines.append(f"ip tuntap add {node.port} mode tap; ip link set {node.port} master {_BRIDGE} up")
    return "\n".join(lines)


_DNSMASQ = (
    *("--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-"),
    *(f"--interface={_BRIDGE}", "--bind-interfaces", "--dhcp-range=10.42.0.0,static", "--no-ping"),
    *("--leasefile-ro", "--pid-file=", "--log-dhcp"),
)
_GANESHA = """\
NFS_CORE_PARAM { Protocols = 3; MNT_Port = 20048; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Graceless = true; }
EXPORT_DEFAULTS { Squash = No_Root_Squash; SecType = sys; Transports = TCP; Protocols = 3;
    Access_Type = None; }
"""


def _export(number: int, export: Export) -> str:
    access = "RW" if export.writable else "RO"
    clients = ", ".join(export.clients) or "10.42.0.0/24"
    path = PXE / export.path
    return (
        f"EXPORT {{ Export_Id = {number}; Path = {path}; Pseudo = {path}; FSAL {{ Name = VFS; }}"
        f" CLIENT {{ Clients = {clients}; Access_Type = {access}; }} }}\n"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    assert shutil.which("nsenter", path=PATH)
    return {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8"}
