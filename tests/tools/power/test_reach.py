# SPDX-License-Identifier: Apache-2.0
"""A node's power is cut when it is down, or was told to be: a way to it that breaks off proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.machine import Machine
from builder.fleet.tunnel import Tunnel
from builder.power.power_file import SequenceModel
from builder.power.reach import End, Reach, Shutdown

pytestmark = pytest.mark.tools

KEY = asyncssh.generate_private_key("ssh-ed25519")
Process = asyncssh.SSHServerProcess[str]
Logins = list[asyncssh.SSHServerConnection]
"""The connections to the server, the head's first: it is head and node in one."""
PowerOff = Callable[[Process, Logins, asyncssh.SSHAcceptor], None]


def _shut_down(folder: Path, poweroff: PowerOff | None) -> Shutdown:
    """What comes of shutting down a node behind the head, where `poweroff` is what it does when told to."""
    logins: Logins = []

    class Both(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            logins.append(conn)

        def begin_auth(self, username: str) -> bool:
            return False

        def connection_requested(self, *_: Any) -> bool:
            return True

    async def run() -> Shutdown:
        def told(process: Process) -> None:
            assert poweroff
            poweroff(process, logins, server)

        server = await asyncssh.listen(
            *("127.0.0.1", 0),
            server_factory=Both,
            server_host_keys=[KEY],
            process_factory=told if poweroff else None,
        )
        (folder / "known_hosts").write_text(f"head,node02 {KEY.export_public_key().decode()}")
        access = Access(SshModel(port=server.get_port(), timeout=2), folder)
        try:
            async with AsyncExitStack() as stack:
                tunnel = Tunnel(access, Machine("head", ("127.0.0.1",), "pi"), stack)
                reach = Reach(access, SequenceModel(down_within=1, settle=0), tunnel)
                return await reach.shut_down(Machine("node02", ("127.0.0.1",), "pi", via_head=True))
        finally:
            server.close()

    return asyncio.run(run())


def the_way_breaks(process: Process, logins: Logins, server: asyncssh.SSHAcceptor) -> None:
    process.exit(0)
    logins[0].abort()


def the_way_ends(process: Process, logins: Logins, server: asyncssh.SSHAcceptor) -> None:
    process.exit(0)
    server.close()
    logins[0].abort()


def test_a_node_that_runs_behind_a_broken_way_is_not_shut_down(tmp_path: Path) -> None:
    assert _shut_down(tmp_path, the_way_breaks) == Shutdown(End.SLOW, "ssh still answers after 1 s")


def test_nor_is_one_that_cannot_be_asked_any_more(tmp_path: Path) -> None:
    why = "the head `head` cannot be reached: connection refused"
    assert _shut_down(tmp_path, the_way_ends) == Shutdown(End.BARRED, why)


def test_a_node_that_starts_no_command(tmp_path: Path) -> None:
    why = "`node02` starts no command: session refused"
    assert _shut_down(tmp_path, None) == Shutdown(End.BARRED, why)
