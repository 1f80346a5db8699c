# SPDX-License-Identifier: Apache-2.0
"""Sixteen nodes as real ssh servers, most of them well, and an operator's project."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder.cli.main import main
from tests.tools.power.sshd import USER, Keys, Server, free_port, server

# Disks are root's: CI's ordinary user leaves that file to `make boot-test`, which CI runs as root.
collect_ignore = ["test_card.py"] if os.environ.get("CI") and os.geteuid() else []
WELL = tuple(range(1, 13))
REFUSES, OTHER_KEY, HANGS, SLOW, UNKNOWN = 13, 14, 15, 16, 17

Machines = tuple[Keys, int, dict[int, Server]]
"""Keys of who logs in, the port of all servers, and these by number."""


@dataclass(frozen=True)
class Said:
    """A call of nodebake: exit code and both streams."""

    code: int
    out: str
    err: str


@dataclass
class Site:
    """The project of a cluster whose node N is at 127.0.3.N, and its servers by number."""

    root: Path
    keys: Keys
    port: int
    capture: Callable[[], tuple[str, str]]
    servers: dict[int, Server] = field(default_factory=dict)

    def write(
        self, numbers: range, *, timeout: float = 2, network: str = "", head: str = "127.0.3.250"
    ) -> None:
        """cluster.yaml; `network` holds more keys of the network."""
        nodes = "".join(f'  - {{number: {n}, mac: "b8:27:eb:00:00:{n:02x}"}}\n' for n in numbers)
        (self.root / "recipes").mkdir(exist_ok=True)
        (self.root / "cluster.yaml").write_text(
            "format: 1\n"
            f"head: {{name: sevastopol, board: pi3bplus, address: 127.0.3.250, user: {USER}}}\n"
            f"networks:\n  lan: {{subnet: 127.0.3.0/24, first: 127.0.3.1{network}}}\n"
            "bars: {A: 1-15, B: 16-30}\n"
            f"ssh: {{user: {USER}, port: {self.port}, key: {self.keys.private}, timeout: {timeout:g}}}\n"
            f"defaults: {{board: pi3b, network: lan}}\nnodes:\n{nodes}"
        )

    def know(self, *lines: str) -> None:
        (self.root / "known_hosts").write_text("".join(lines))

    def call(self, *words: str) -> Said:
        self.capture()
        code = main(["--project", str(self.root), "--progress", "plain", *words])
        return Said(code, *self.capture())


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """The servers, started once for all tests of a file; each test has a project of its own."""
    folder = tmp_path_factory.mktemp("keys")
    keys, port = Keys(folder), free_port()
    keys.make("operator")
    # Who logs in is root or an ordinary user, and sudo asks nothing on a node.
    sudo = folder / "bin/sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
    sudo.chmod(0o755)
    path = f"SetEnv PATH={sudo.parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    slow = 'ForceCommand sleep 1; exec sh -c "$SSH_ORIGINAL_COMMAND"'
    with ExitStack() as stack:
        stack.enter_context(hanging("127.0.3.15", port))
        servers = {
            n: stack.enter_context(server(keys, f"127.0.3.{n}", port, path, *([slow] if n == SLOW else [])))
            for n in (*WELL, OTHER_KEY, SLOW, UNKNOWN)
        }
        yield keys, port, servers


def site_of(folder: Path, machines: Machines, capsys: pytest.CaptureFixture[str]) -> Site:
    """A project in a folder, with nothing in it yet."""
    keys, port, servers = machines

    def capture() -> tuple[str, str]:
        told = capsys.readouterr()
        return told.out, told.err

    return Site(folder, keys, port, capture, servers)


@pytest.fixture
def site(tmp_path: Path, machines: Machines, capsys: pytest.CaptureFixture[str]) -> Site:
    made, servers = site_of(tmp_path, machines, capsys), machines[2]
    made.write(range(1, 18))
    known = {n: each.public for n, each in servers.items() if n != UNKNOWN}
    known[OTHER_KEY] = servers[1].public
    known[REFUSES] = known[HANGS] = servers[2].public
    made.know(*(f"node{n:02},127.0.3.{n} {public}\n" for n, public in known.items()))
    return made


@contextmanager
def hanging(address: str, port: int) -> Iterator[None]:
    """A machine that takes connections and never says a word."""
    with socket.create_server((address, port), backlog=64) as listener:
        taken: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    taken.append(listener.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for each in taken:
                each.close()
