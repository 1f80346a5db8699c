# SPDX-License-Identifier: Apache-2.0
"""A second client on the head's network, with a node's address, that asks for files over NFS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.head.node.inventory import Node
from builder.host.lan import BRIDGE, Lan

TOOLS = ("nfs-ls", "ip", "nsenter", "unshare")


@dataclass(frozen=True)
class Stranger:
    """Its network is that of the process `holder`."""

    lan: Lan
    holder: int
    server: str

    def lists(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """Mount a folder of the head by NFS, in user space, and list it."""
        return subprocess.run(
            self.lan.within(
                "nsenter", f"--net=/proc/{self.holder}/ns/net", "nfs-ls", f"nfs://{self.server}{folder}"
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@contextmanager
def stranger(lan: Lan, node: Node, server: str) -> Iterator[Stranger]:
    """A client at the node's address while the body runs."""
    hold = lan.within("unshare", "--net", "sh", "-c", "echo ready && exec cat >/dev/null")
    with subprocess.Popen(hold, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == b"ready\n"
        lan.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "near")
        lan.run("ip", "link", "set", "near", "master", BRIDGE, "up")
        lan.run("ip", "link", "set", "far", "netns", str(holder.pid))
        inside = ("nsenter", f"--net=/proc/{holder.pid}/ns/net", "ip")
        lan.run(*inside, "address", "add", f"{node.address}/24", "dev", "far")
        lan.run(*inside, "link", "set", "far", "up")
        yield Stranger(lan, holder.pid, server)
        holder.stdin.close()
