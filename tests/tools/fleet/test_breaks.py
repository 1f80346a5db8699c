# SPDX-License-Identifier: Apache-2.0
"""A machine that goes away in the middle of a word is told of, whatever the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
import pytest

from builder.cluster.ssh_file import SshModel
from builder.fleet import connect
from builder.fleet.connect import Access
from builder.fleet.gather import Heard, fleet
from builder.fleet.knock import Answer, knock
from builder.fleet.machine import Machine
from builder.fleet.order import Order, Outcome

Process = asyncssh.SSHServerProcess[str]
KEY = asyncssh.generate_private_key("ssh-ed25519")
NODE = Machine("node02", ("127.0.0.1",), "admin")


def ends_at_once(process: Process) -> None:
    process.exit(3)
    process.channel.get_connection().disconnect(asyncssh.DISC_BY_APPLICATION, "gone")


def breaks_off(process: Process) -> None:
    process.stdout.write("a line\n")
    process.channel.get_connection().abort()


def says_and_disconnects(process: Process) -> None:
    process.stdout.write("a line\n")
    process.channel.get_connection().disconnect(asyncssh.DISC_BY_APPLICATION, "gone")


class Closed(asyncssh.SSHServer):
    """Lets everybody in, and starts nothing."""

    def begin_auth(self, username: str) -> bool:
        return False


async def orders(
    folder: Path, behaviour: Callable[[Process], None], heard: Heard | None, times: int
) -> list[Outcome]:
    """What comes of as many orders at a time on a machine that behaves so."""
    server = await listen(behaviour)
    try:
        async with fleet(access_to(folder, server.get_port()), NODE) as nodes:
            order = Order.script("true\n" * 20_000, within=20)
            return list(await asyncio.gather(*(nodes.run(NODE, order, heard) for _ in range(times))))
    finally:
        server.close()


@pytest.mark.parametrize("behaviour", [ends_at_once, breaks_off, says_and_disconnects])
@pytest.mark.parametrize("heard", [None, lambda _: None])
@pytest.mark.parametrize("times", [1, 3])
def test_it_is_told(
    tmp_path: Path, behaviour: Callable[[Process], None], heard: Heard | None, times: int
) -> None:
    for outcome in asyncio.run(orders(tmp_path, behaviour, heard, times)):
        assert outcome.exit == 3 or outcome.why, outcome


class Counted(Closed):
    """Counts who has logged in."""

    count = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        type(self).count += 1


class Passage(Closed):
    """A head: others are reached through it, until it breaks off."""

    open: ClassVar[list[asyncssh.SSHServerConnection]] = []

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.open.append(conn)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


def well(process: Process) -> None:
    process.exit(0)


def never_ends(process: Process) -> None:
    process.stdout.write("a line\n")


async def listen(behaviour: Callable[[Process], None], **more: Any) -> asyncssh.SSHAcceptor:
    more = {"server_factory": Closed, **more}
    return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[KEY], process_factory=behaviour, **more)


def access_to(folder: Path, port: int) -> Access:
    (folder / "known_hosts").write_text(f"node02,head {KEY.export_public_key().decode()}")
    return Access(SshModel(port=port, timeout=5), folder)


def test_two_orders_at_a_time_log_in_once(tmp_path: Path) -> None:
    async def run() -> None:
        server = await listen(well, server_factory=Counted)
        async with fleet(access_to(tmp_path, server.get_port()), NODE) as nodes:
            done = await asyncio.gather(*(nodes.run(NODE, Order("true")) for _ in range(4)))
        assert all(each.well for each in done)
        assert Counted.count == 1
        server.close()

    asyncio.run(run())


def test_the_way_through_the_head_is_made_again(tmp_path: Path) -> None:
    behind = replace(NODE, via_head=True)

    async def run() -> None:
        # Both at one port, as they are in a cluster.
        head = await listen(well, server_factory=Passage)
        async with fleet(access_to(tmp_path, head.get_port()), replace(NODE, name="head")) as nodes:
            assert (await nodes.run(behind, Order("true"))).well
            Passage.open[0].abort()
            through = await nodes.tunnel.connection()
            await through.wait_closed()
            # That the head is gone says nothing of a node.
            assert await knock("127.0.0.1", head.get_port(), 5, through) is Answer.CANNOT_TELL
            assert (await nodes.run(behind, Order("true"))).well
        head.close()

    asyncio.run(run())


def test_who_loses_its_power_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the time of its order is over."""
    monkeypatch.setattr(connect, "_ALIVE", 0.1)

    async def run() -> None:
        server = await listen(never_ends)
        gone = asyncio.Event()

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while not gone.is_set() and (data := await reader.read(1 << 16)):
                writer.write(data)

        async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = await asyncio.open_connection("127.0.0.1", server.get_port())
            await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

        wire = await asyncio.start_server(between, "127.0.0.1", 0)
        access = access_to(tmp_path, wire.sockets[0].getsockname()[1])
        async with fleet(access, NODE) as nodes:
            order = Order("flash", within=60)
            outcome = await nodes.run(NODE, order, lambda _: gone.set())
        assert outcome.why == "the connection broke off"
        assert outcome.seconds < 5
        wire.close()
        server.close()

    asyncio.run(run())
