# SPDX-License-Identifier: Apache-2.0
"""A head behind a real sshd, and an operator's project that names it."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builder.cli.main import main
from tests.head import conftest as of_head
from tests.head.ground import Ground, make_ground, new_key
from tests.head.release import Tiny
from tests.unit.rules.source import ROOT

place = of_head.place
ground = of_head.ground
CLUSTER = """\
format: 1
head: {name: sevastopol, board: pi3bplus, address: 10.42.0.250, user: pi}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
  wifi: {subnet: 192.168.1.0/24, first: 192.168.1.105, wireless: true}
defaults: {board: pi3b, network: lan}
nodes:
  - {number: 1, mac: "b8:27:eb:00:00:01"}
  - {number: 2, mac: "b8:27:eb:00:00:02"}
  - {number: 17, mac: "b8:27:eb:00:00:11", board: pizerow, network: wifi}
"""

# CI's ordinary user leaves what is root's to `make boot-test`, which CI runs as root.
collect_ignore = ["test_rollout.py", "test_from_card.py"] if os.environ.get("CI") and os.geteuid() else []


@dataclass(frozen=True)
class Said:
    """A call of nodebake: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Operator:
    """A project at `root`, whose calls go to the head of `ground` at `address`."""

    root: Path
    ground: Ground
    address: str
    home: Path
    """Of the head's user, where files are brought."""
    capture: Callable[[], tuple[str, str]]

    def call(self, *words: object) -> Said:
        code = main(["--project", str(self.root), "--progress", "plain", *map(str, words)])
        return Said(code, *self.capture())

    def ask(self, verb: str, *words: object) -> Said:
        """A verb that speaks with the head."""
        return self.call(*verb.split(), *words, "--head", self.address)


def made(operator: Operator, tiny: Tiny) -> Path:
    """The release, built and not signed."""
    folder = tiny.make(operator.ground.folder / "out")
    latest = folder.with_name("latest")
    latest.unlink(missing_ok=True)
    latest.symlink_to(folder.name)
    return folder


def trust(operator: Operator) -> None:
    """Make a key, and let the head trust it."""
    assert operator.call("key", "new").code == 0
    shutil.copy(operator.root / "release_signers", operator.ground.layout.signers)


@pytest.fixture
def operator(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Operator]:
    ground = make_ground(place / "head")
    root, mine, home = place / "project", place / "mine", place / "home"
    for folder in (root / "recipes", mine / ".ssh", home):
        folder.mkdir(parents=True)
    (root / "cluster.yaml").write_text(CLUSTER)
    # As docs/reference/head.md has it, should that be the server which this machine has.
    ganesha = ground.layout.etc / "ganesha/ganesha.conf"
    ganesha.parent.mkdir(parents=True)
    ganesha.write_text('%include "/etc/ganesha/nodebake.conf"\n')
    monkeypatch.setenv("HOME", str(mine))
    monkeypatch.setenv("NODEBAKE_OUT", str(ground.folder / "out"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    new_key(mine / ".ssh/id_ed25519")
    with sshd(ground, place, mine / ".ssh", home) as port:
        capsys.readouterr()

        def capture() -> tuple[str, str]:
            told = capsys.readouterr()
            return told.out, told.err

        yield Operator(root, ground, f"{getpass.getuser()}@127.0.0.1:{port}", home, capture)


@contextmanager
def sshd(ground: Ground, place: Path, client: Path, home: Path) -> Iterator[int]:
    """A real sshd, in whose sessions `nodebake-head` works on the ground, and sudo asks nothing; its port."""
    bin = place / "bin"
    bin.mkdir()
    head = [sys.executable, "-m", "builder.head", "--pxe", ground.layout.pxe, "--etc", ground.layout.etc]
    script(bin / "nodebake-head", f'PYTHONPATH={ROOT} exec {shlex.join(map(str, head))} "$@"')
    script(bin / "sudo", '[ "$1" = -n ] && shift\nexec "$@"')
    new_key(place / "host")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    public = (place / "host.pub").read_text().split()
    (client / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    (place / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {place}/host\nPidFile none\n"
        "UsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {client}/id_ed25519.pub\nPermitRootLogin yes\n"
        f"SetEnv PATH={bin}:/usr/bin:/bin\nSubsystem sftp internal-sftp -d {home}\n"
    )
    argv = ["/usr/sbin/sshd", "-D", "-e", "-f", str(place / "sshd_config")]
    if os.geteuid() == 0:
        # As root it wants a folder that its service makes: in a /run of its own.
        inner = f"mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec {shlex.join(argv)}"
        argv = ["unshare", "--mount", "sh", "-c", inner]
    with (place / "sshd.log").open("wb") as log, subprocess.Popen(argv, stderr=log) as process:
        try:
            await_port(port, process)
            yield port
        finally:
            process.terminate()


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")
