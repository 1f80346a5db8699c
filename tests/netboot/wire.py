# SPDX-License-Identifier: Apache-2.0
"""The boards' end of the head's network, as a test sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from builder.head.node.inventory import Node
from builder.host.lan import BRIDGE, Lan
from tests.netboot.boards import WIRE

ROOT = Path(__file__).parents[2]
Asked = list[tuple[str, str, int]]
"""Name, sha256 (empty where there is no such file) and size of each request's answer."""


@dataclass(frozen=True)
class Offer:
    """What a board was offered; `options` in bytes, by number. `seconds` from its first question."""

    address: str
    server: str
    options: dict[int, bytes]
    seconds: float


@dataclass(frozen=True)
class Boards:
    """Boards that do what they are told."""

    _orders: IO[str]
    _answers: IO[str]

    def ask(self, mac: str) -> Offer | None:
        """What the head offers to this board."""
        told = self._order(do="ask", mac=mac)
        if not told:
            return None
        options = {int(number): bytes.fromhex(value) for number, value in told["options"].items()}
        return Offer(told["address"], told["server"], options, told["seconds"])

    def walk(self, node: Node, server: str, pause: int = -1, meanwhile: Callable[[], object] = int) -> Asked:
        """Boot a node's board; `meanwhile` is done before request number `pause`."""
        told = self._order(do="walk", pause=pause, **_board(node, server))
        if "paused" in told:
            meanwhile()
            told = self._order()
        return [(name, sha256, size) for name, sha256, size in told["asked"]]

    def take(self, node: Node, server: str, name: str) -> int | None:
        """Bytes of a file that this node's board asks for; None when it is refused."""
        told = self._order(do="take", mac=node.mac, address=node.address, server=server, name=name)
        return None if "refused" in told else int(told["size"])

    def rush(self, nodes: Sequence[Node], server: str) -> tuple[dict[str, Asked], dict[str, str]]:
        """Boot all of them at once: what each got, and why some did not, by MAC address."""
        told = self._order(do="rush", boards=[_board(node, server) for node in nodes])
        return told["asked"], told["failed"]

    def _order(self, **order: object) -> Any:
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        line = self._answers.readline()
        assert line, "the boards are gone"
        return json.loads(line)


def _board(node: Node, server: str) -> dict[str, str]:
    known = asdict(node)
    return {**{key: known[key] for key in ("board", "mac", "serial", "address")}, "server": server}


@contextmanager
def boards(lan: Lan) -> Iterator[Boards]:
    """Boards on the head's bridge, in a network namespace of their own."""
    lan.run("ip", "link", "add", WIRE, "type", "veth", "peer", "name", "boards")
    lan.run("ip", "link", "set", "boards", "master", BRIDGE, "up")
    argv = lan.within("unshare", "--net", sys.executable, "-m", "tests.netboot.boards")
    with subprocess.Popen(
        argv,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        _own_network(lan, process)
        lan.run("ip", "link", "set", WIRE, "netns", str(process.pid))
        assert json.loads(process.stdout.readline()) == {"ready": True}
        yield Boards(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(30) == 0


def _own_network(lan: Lan, process: subprocess.Popen[str]) -> None:
    """Wait until the program has left the head's namespace."""
    theirs = Path(f"/proc/{process.pid}/ns/net")
    heads = Path(f"/proc/{lan.holder}/ns/net").readlink()
    mine = Path("/proc/self/ns/net").readlink()
    while theirs.readlink() in (heads, mine):
        assert process.poll() is None, "the boards did not start"
