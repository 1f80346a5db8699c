# SPDX-License-Identifier: Apache-2.0
"""A network of its own on this machine: a head and sockets for nodes, in namespaces that go when it ends.

A bridge with the head's address on it, and a tap for each node. What a head writes outside of its own files
(/run, /srv and so on) is memory in there, seen by nobody else. For root, and for an ordinary user who has
subordinate ids; but his NFS server cannot open the files that it serves.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.errors import LackingError, NodebakeError
from builder.host.linux import die_with_parent
from builder.host.process import environment, run

BRIDGE = "lan0"
TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
Process = subprocess.Popen[bytes]
_PATIENCE = 60
"""Seconds that a server may take until it answers, on a busy machine."""


@dataclass(frozen=True)
class Lan:
    """The network while it is there. `holder` is a process in its namespaces, `logs` a folder."""

    holder: int
    logs: Path
    processes: ExitStack = field(default_factory=ExitStack)

    def within(self, *argv: str | Path) -> list[str]:
        """A command line that runs `argv` in there, and ends with whoever starts it."""
        return [*self.enter(), "setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def enter(self) -> list[str]:
        """What stands before a command so that it runs in there."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self.holder), *user, "--mount", "--net"]

    def run(self, *argv: str | Path, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """What a command in there prints. Raises CommandFailed."""
        return run(self.within(*argv), stdin=stdin, env=env).stdout.decode(errors="replace")

    def start(self, name: str, *argv: str | Path) -> Process:
        """Start a program in there that runs until the network goes; what it says is in `logs`."""
        sink = self.processes.enter_context((self.logs / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            self.within(*argv), env=environment(), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
        self.processes.callback(end, process)
        return process

    def until(self, what: str, *argv: str | Path) -> None:
        """Wait until a command in there succeeds; `what` names the log that tells why it does not."""
        limit = time.monotonic() + _PATIENCE
        while run(self.within(*argv), check=False).code:
            if time.monotonic() > limit:
                path = self.logs / f"{what}.log"
                told = path.read_text(errors="replace").splitlines()[-8:] if path.exists() else []
                raise NodebakeError(f"`{what}` does not answer", facts=[f"| {line}" for line in told])
            time.sleep(0.3)

    def write(self, target: Path, text: str, mode: str = "644") -> None:
        """Write a file in there."""
        self.run("mkdir", "-p", target.parent)
        self.run("tee", target, stdin=text.encode())
        self.run("chmod", mode, target)

    def copy(self, source: Path, target: Path) -> None:
        """Bring a file in there."""
        self.run("mkdir", "-p", target.parent)
        self.run("cp", source, target)

    def received(self, port: str) -> int:
        """Bytes that this socket has brought to its node."""
        told: list[dict[str, Any]] = json.loads(self.run("ip", "-s", "-j", "link", "show", port))
        return int(told[0]["stats64"]["tx"]["bytes"])


@contextmanager
def lan(logs: Path, address: str, ports: Sequence[str]) -> Iterator[Lan]:
    """The network with the head at `address` (with the length of its network's prefix) and these sockets.

    Raises LackingError where the machine does not allow it.
    """
    hold = [*_unshare(), "sh", "-c", "echo ready && exec cat >/dev/null"]
    # The holder ends when its stdin does, so it does not outlive us.
    with subprocess.Popen(
        hold,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
    ) as holder:
        assert holder.stdin and holder.stdout and holder.stderr
        if holder.stdout.readline() != b"ready\n":
            raise LackingError(
                "this machine allows no network of one's own",
                facts=[f"| {holder.stderr.read().decode(errors='replace').strip()}"],
                hint="it takes user namespaces, and subordinate ids in /etc/subuid and /etc/subgid",
            )
        try:
            with ExitStack() as processes:
                made = Lan(holder.pid, logs, processes)
                made.run("sh", "-eu", "-c", _prepare(address, ports))
                yield made
        finally:
            with suppress(BrokenPipeError):
                holder.stdin.close()


def end(process: Process) -> None:
    """Let a program end, and make it."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user", "--map-auto"]
    return ["unshare", *user, "--mount", "--net"]


def _prepare(address: str, ports: Sequence[str]) -> str:
    """What makes the namespaces a head and its network."""
    folders = "/run /srv /var/lib/nfs /var/log"
    lines = [
        f"for folder in {folders}; do [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder; done",
        "mkdir -p /srv/pxe /srv/etc /run/rpcbind /run/ganesha /var/lib/nfs/ganesha /run/lock",
        f"ip link set lo up; ip link add {BRIDGE} type bridge; ip link set {BRIDGE} up",
        f"ip address add {address} dev {BRIDGE}",
    ]
    for port in ports:
        lines.append(f"ip tuntap add {port} mode tap; ip link set {port} master {BRIDGE} up")
    return "\n".join(lines)
