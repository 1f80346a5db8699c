# SPDX-License-Identifier: Apache-2.0
"""Writes down what the nodes' kernels say by netconsole, a bounded file for each node.

Takes nothing from an address that is no node's, and never more than two times LIMIT from one that is.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from builder.errors import NodebakeError
from builder.head.ground.layout import Layout
from builder.head.node import inventory
from builder.head.served.logs import CONSOLES

PORT = 6666
LIMIT = 256 << 10
"""Bytes of one node's file; a former one of that size is kept."""


class Writer:
    """Files what datagrams say under the names of their senders."""

    def __init__(self, layout: Layout, folder: Path = CONSOLES) -> None:
        self._layout, self._folder = layout, folder
        self._names: dict[str, str] = {}
        self._seen = 0.0

    def take(self, address: str, data: bytes) -> None:
        """Write down one datagram."""
        name = self._name(address)
        if not name:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size + len(data) > LIMIT:
                path.replace(path.with_name(f"{path.name}.1"))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S ", time.gmtime()).encode()
        with path.open("ab") as stream:
            stream.write(b"".join(stamp + line + b"\n" for line in data.splitlines()))

    def _name(self, address: str) -> str:
        """The node's name; the inventory is read again when it has changed."""
        with suppress(OSError, NodebakeError):
            changed = (self._layout.state / "nodes.json").stat().st_mtime
            if changed != self._seen:
                self._names = {node.address: node.name for node in inventory.load(self._layout).nodes}
                self._seen = changed
        return self._names.get(address, "")


def serve(writer: Writer, datagrams: Iterator[tuple[str, bytes]]) -> None:
    """Write down all that comes."""
    for address, data in datagrams:
        writer.take(address, data)


def listen(port: int = PORT) -> Iterator[tuple[str, bytes]]:
    """Datagrams as they come: sender's address and content."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("", port))
        while True:
            data, (address, _) = receiving.recvfrom(8192)
            yield address, data
