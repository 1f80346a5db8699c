# SPDX-License-Identifier: Apache-2.0
"""Real ssh servers on loopback addresses, as ordinary processes: each is a machine that can be shut down."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.needs import PATH

USER = getpass.getuser()


@dataclass(frozen=True)
class Keys:
    """The operator's pair, and the folder where servers keep theirs."""

    folder: Path

    @property
    def private(self) -> Path:
        return self.folder / "operator"

    def make(self, name: str) -> Path:
        """A pair, new unless it is there already; its private half."""
        path = self.folder / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path


@dataclass(frozen=True)
class Server:
    """One machine: what its known_hosts line is, and the command that ends it."""

    address: str
    port: int
    public: str
    process: subprocess.Popen[bytes]

    def known_as(self, name: str) -> str:
        return f"{name} {self.public}\n"

    @property
    def runs(self) -> bool:
        return self.process.poll() is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def poweroff(folder: Path) -> str:
    """A command for all machines that ends the server through which it came, as a shutdown would."""
    program = folder / "poweroff"
    program.write_text('#!/bin/sh\nset -- $SSH_CONNECTION\nkill "$(cat "$0.$3")"\n')
    program.chmod(0o755)
    return shlex.quote(str(program))


@contextmanager
def server(keys: Keys, address: str, port: int, *options: str) -> Iterator[Server]:
    """An ssh server that lets the operator in, while the body runs; `options` are lines of its settings."""
    host_key = keys.make(f"host-{address}")
    (keys.folder / "authorized").write_text(keys.private.with_suffix(".pub").read_text())
    pid = keys.folder / f"poweroff.{address}"
    configuration = keys.folder / f"sshd-{address}"
    configuration.write_text(
        f"ListenAddress {address}:{port}\nHostKey {host_key}\nPidFile {pid}\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {keys.folder / 'authorized'}\nPasswordAuthentication no\nLogLevel VERBOSE\n"
        + "".join(f"{option}\n" for option in options)
    )
    sshd = shutil.which("sshd", path=PATH)
    assert sshd
    argv = [sshd, "-D", "-e", "-f", str(configuration)]
    if os.geteuid() == 0:
        # Root's server wants a folder of its own below /run; in a mount namespace it may have one. And
        # root's own shell may be one that takes its time to start.
        passwd = keys.folder / "passwd"
        passwd.write_text(re.sub(r"(?m)^(root:.*):[^:]*$", r"\1:/bin/sh", Path("/etc/passwd").read_text()))
        mounts = f"mount -t tmpfs none /run && mount --bind {shlex.quote(str(passwd))} /etc/passwd"
        script = f"{mounts} && mkdir /run/sshd && exec {shlex.join(argv)}"
        argv = ["unshare", "--mount", "sh", "-c", script]
    log = keys.folder / f"log-{address}"
    with log.open("wb") as sink:
        process = subprocess.Popen(argv, stdout=sink, stderr=sink)
    try:
        _wait(address, port, log)
        yield Server(address, port, Path(f"{host_key}.pub").read_text().strip(), process)
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, port: int, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(log.read_text())
