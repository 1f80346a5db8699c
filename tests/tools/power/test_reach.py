# SPDX-License-Identifier: Apache-2.0
"""A node's power is cut when it is down, or was told to be: a way to it that breaks off proves nothing."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from builder.cli.project import project_of
from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.machine import Machine
from builder.fleet.tunnel import Tunnel
from builder.power import settings
from builder.power.outlet import State
from builder.power.power_file import SequenceModel
from builder.power.reach import End, Reach, Shutdown
from builder.power.switchboard import open_switchboard, outlet_of
from tests.tools.power.plane import Plane
from tests.tools.power.project import Project

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


def test_a_control_plane_behind_a_way_that_breaks(project: Project, plane: Plane) -> None:
    """What is switched afterwards is switched by a way that is made again."""
    logins: Logins = []

    class Head(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            logins.append(conn)

        def begin_auth(self, username: str) -> bool:
            return False

        def connection_requested(self, *_: Any) -> bool:
            return True

    async def run() -> list[State]:
        server = await asyncssh.listen("127.0.0.250", 0, server_factory=Head, server_host_keys=[KEY])
        project.write(
            url=plane.url,
            numbers=range(1, 3),
            ssh=f"{{through_head: true, port: {server.get_port()}}}",
        )
        (project.root / "known_hosts").write_text(f"sevastopol {KEY.export_public_key().decode()}")
        cluster = project_of(Namespace(project=project.root)).cluster()
        power = settings.require(cluster)
        reach = Reach(Access(cluster.ssh, project.root), power.sequence)
        outlet = outlet_of(cluster.nodes[0])
        states = []
        async with open_switchboard(cluster, power, reach, lambda _: None) as board:
            # Two at a time open one connection.
            states += await asyncio.gather(*(board.switch(outlet, on=True) for _ in range(2)))
            tunnel = board.reach.tunnel
            assert tunnel
            logins[0].abort()
            await (await tunnel.connection()).wait_closed()
            states.append(await board.switch(outlet, on=False))
        server.close()
        return states

    assert asyncio.run(run()) == [State.ON, State.ON, State.OFF]
    assert len(logins) == 2
    assert plane.no_violations()
