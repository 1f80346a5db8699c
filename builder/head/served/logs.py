# SPDX-License-Identifier: Apache-2.0
"""What nodes have told the head: their journals, the kernel's first words before there is a journal, and
before those what they asked dnsmasq for.
"""

from __future__ import annotations

from pathlib import Path

from builder.head.ground import machine
from builder.head.node.inventory import Node

JOURNALS = Path("/var/log/journal/remote")
"""Where systemd-journal-remote keeps what nodes upload."""
CONSOLES = Path("/var/log/nodebake/netconsole")


def journal(node: Node, count: int, folder: Path = JOURNALS) -> list[str]:
    """The last lines of a node's journal; it may be filed under the node's name or its address."""
    paths = sorted(
        path for word in (node.name, node.address) for path in folder.glob(f"remote-{word}[@.]*journal")
    )
    if not paths:
        return []
    argv = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", f"--lines={count}"]
    done = machine.run([*argv, *(f"--file={path}" for path in paths)], check=False)
    return done.stdout.decode(errors="replace").splitlines()


def dnsmasq(since: int | None = None) -> list[str]:
    """dnsmasq's log since the head is up, or since then, in seconds since 1970."""
    span = "--boot" if since is None else f"--since=@{since}"
    argv = ["journalctl", span, "--unit=dnsmasq", "--output=cat", "--no-pager", "--quiet"]
    return machine.run(argv, check=False).stdout.decode(errors="replace").splitlines()


def console(node: Node, count: int, folder: Path = CONSOLES) -> list[str]:
    """The last lines that a node's kernel sent."""
    lines: list[str] = []
    for path in (folder / f"{node.name}.log.1", folder / f"{node.name}.log"):
        if path.exists():
            lines += path.read_text(errors="replace").splitlines()
    return lines[-count:]
