# SPDX-License-Identifier: Apache-2.0
"""A project with an inventory whose power can really be switched, and `nodebake` on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCServer

from builder.cli.main import main

CHANNEL = "LEQ0000001:1"


@dataclass
class Socket:
    """A mains socket behind an XML-RPC server; `cut` hears when its power goes."""

    on: bool = True
    url: str = ""
    events: list[str] = field(default_factory=list)

    def get(self, channel: Any, key: Any) -> Any:
        assert (channel, key) == (CHANNEL, "STATE")
        return self.on

    def set(self, channel: Any, key: Any, value: Any) -> Any:
        assert (channel, key) == (CHANNEL, "STATE")
        self.on = value
        self.events.append(f"mains {'on' if value else 'off'}")
        return ""


@contextmanager
def socket_controller() -> Iterator[Socket]:
    """A controller with one socket, while the body runs."""
    controlled = Socket()
    with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
        server.register_function(controlled.get, "getValue")
        server.register_function(controlled.set, "setValue")
        controlled.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield controlled
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Project:
    """A project's folder."""

    root: Path

    def write(
        self,
        *,
        url: str,
        numbers: range,
        mains: str = "http://127.0.0.1:9",
        head: str = "127.0.0.250",
        subnet: str = "127.0.0.0/24",
        user: str = "pi",
        ssh: str = "{}",
        **more: str,
    ) -> None:
        """Its cluster.yaml: node N is the N-th address of the subnet; `more` are lines under `power:`."""
        (self.root / "recipes").mkdir(exist_ok=True)
        first = subnet.replace(".0/24", ".1")
        lines = "".join(f"  {key}: {value}\n" for key, value in more.items())
        nodes = "".join(f'  - {{number: {n}, mac: "b8:27:eb:00:00:{n:02x}"}}\n' for n in numbers)
        (self.root / "cluster.yaml").write_text(
            "format: 1\n"
            f"head: {{name: sevastopol, board: pi3bplus, address: {head}, power: mains, user: {user}}}\n"
            f"networks:\n  lan: {{subnet: {subnet}, first: {first}}}\n"
            "power:\n"
            f'  bladerunner: {{driver: bladerunner, url: "{url}", timeout: 1}}\n'
            f'  mains: {{driver: homematic, url: "{mains}", channel: "{CHANNEL}", timeout: 1}}\n'
            f"{lines}"
            f"ssh: {ssh}\n"
            "defaults: {board: pi3b, network: lan, power: bladerunner}\n"
            f"nodes:\n{nodes}"
        )

    def nodebake(self, *words: str) -> int:
        """The exit code of `nodebake WORDS` here."""
        return main(["--project", str(self.root), *words])
