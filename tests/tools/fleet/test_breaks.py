# SPDX-License-Identifier: Apache-2.0
"""A machine that goes away in the middle of a word is told of, whatever the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.gather import Heard, fleet
from builder.fleet.machine import Machine
from builder.fleet.order import Order, Outcome

Process = asyncssh.SSHServerProcess[str]


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
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Closed, server_host_keys=[key], process_factory=behaviour
    )
    (folder / "known_hosts").write_text(f"node02 {key.export_public_key().decode()}")
    access = Access(SshModel(port=server.get_port()), folder)
    machine = Machine("node02", ("127.0.0.1",), "admin")
    try:
        async with fleet(access, machine) as nodes:
            order = Order.script("true\n" * 20_000, within=20)
            return list(await asyncio.gather(*(nodes.run(machine, order, heard) for _ in range(times))))
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
