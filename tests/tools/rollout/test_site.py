# SPDX-License-Identifier: Apache-2.0
"""Nodes over ssh that answer nonsense, or not; programs and power that fail: the others' rollout goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from builder.cluster.cluster import Node
from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.gather import fleet
from builder.fleet.machine import Machine
from builder.power.outlet import Outlet, PowerError
from builder.rollout import site as rollout_site
from builder.rollout.field import NodeFailed
from builder.rollout.site import Site

pytestmark = pytest.mark.tools

KEY = asyncssh.generate_private_key("ssh-ed25519")
NODE = Node(2, "node02", "", "", "pi3b", "lan", IPv4Address("127.0.0.1"), "", None, (), "", "rack")
Process = asyncssh.SSHServerProcess[str]


class Open(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> bool:
        return False


@dataclass
class Power:
    """What switches, and what it was told; `sticks` when it gives no power any more."""

    sticks: bool = False
    told: list[bool] = field(default_factory=list)

    async def switch(self, outlet: Outlet, on: bool) -> None:
        self.told.append(on)
        if on and self.sticks:
            raise PowerError("the control plane does not reply", hint="is it on?")


@asynccontextmanager
async def site(
    folder: Path, behaviour: Callable[[Process], None] | None, board: Any = None, call: Any = lambda *_: None
) -> AsyncIterator[Site]:
    """A site whose node02 behaves so, or does not answer."""
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Open, server_host_keys=[KEY], process_factory=behaviour
    )
    (folder / "known_hosts").write_text(f"node02 {KEY.export_public_key().decode()}")
    machine = Machine("node02", ("127.0.0.1",), "root")
    if behaviour is None:
        server.close()
    async with fleet(Access(SshModel(port=server.get_port() or 9), folder), machine) as nodes:
        yield Site(
            nodes,
            {"node02": machine},
            {"node02": NODE},
            call,
            board,
            lambda *_: {},
            b"",
            "http://head",
        )
    server.close()


def failed(
    folder: Path, says: str | None, work: Callable[[Site], Awaitable[Any]], board: Any = None
) -> NodeFailed:
    """How work fails at a node that says so."""

    def answer(process: Process) -> None:
        process.stdout.write(str(says))
        process.exit(0)

    async def run() -> None:
        async with site(folder, None if says is None else answer, board) as found:
            await work(found)

    with pytest.raises(NodeFailed) as caught:
        asyncio.run(run())
    return caught.value


GARBAGE = [
    '{"event": "progress"}',
    '{"event": "progress", "phase": "compare", "done": "x", "total": {}}',
    "[" * 100_000,
    "\x1b[7m7",
]


def test_garbage_of_the_program_that_flashes(tmp_path: Path) -> None:
    error = failed(tmp_path, "\n".join(GARBAGE), lambda found: found.flash("node02", "card/1"))
    assert error.message == "node02: what flashes its card ended with 0"
    error = failed(
        tmp_path, '{"event": "error", "facts": 7}\n', lambda found: found.flash("node02", "card/1")
    )
    assert error.message == "what flashes its card failed, and told no reason"


@pytest.mark.parametrize(
    ("says", "fact"),
    [("boot-1 card/1", "it answers, and has not started again"), (None, "no ssh: connection refused")],
)
def test_why_a_node_has_not_come_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, fact: str
) -> None:
    monkeypatch.setattr(rollout_site, "POLL", 0.05)

    async def wait(found: Site) -> None:
        found._booted["node02"] = "boot-1"
        await found.up("node02", seconds=0.2)

    error = failed(tmp_path, says, wait)
    assert error.message == "node02 has not come up within 0 s"
    assert error.facts == (fact,)
    assert error.hint == "what it told the head last: nodebake logs node02"


def test_a_node_that_starts_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_site, "POLL", 0.01)
    monkeypatch.setattr(rollout_site, "_OFF_FOR", 0)
    told = iter([4, 4, 5, 6, 7])

    def head(verb: str, *words: str) -> Any:
        if verb == "assign":
            return {"since": 1767225600}
        assert (verb, *words) == ("starts", "--since", "1767225600")
        return {"node02": next(told)}

    async def run() -> None:
        async with site(tmp_path, None, Power(), head) as found:
            found._starts.between = 0
            await found.assign("node02", "card/1")
            await found.restart("node02")
            await found.up("node02", seconds=60)

    with pytest.raises(NodeFailed, match="node02 does not stay up") as caught:
        asyncio.run(run())
    assert caught.value.facts == (
        "it has fetched its kernel 3 times, and never answered: no ssh: connection refused",
    )
    assert caught.value.hint == "what its kernel told the head: nodebake logs --kernel node02"


def test_a_node_that_starts_again_and_again_is_left_to_do_so_once(tmp_path: Path) -> None:
    """Its starts are counted anew from there."""
    told = iter([4, 5, 7, 7, 7, 9])

    def head(verb: str, *_: str) -> Any:
        return {"since": 1767225600} if verb == "assign" else {"node02": next(told)}

    async def run() -> list[bool]:
        async with site(tmp_path, None, None, head) as found:
            found._starts.between = 0
            await found.assign("node02", "card/1")
            await found._starts.mark("node02")
            return [await found.let_start("node02") for _ in range(4)]

    assert asyncio.run(run()) == [False, True, False, False]


def test_a_node_that_is_left_without_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_site, "_OFF_FOR", 0)
    error = failed(tmp_path, None, lambda found: found.restart("node02"), Power(sticks=True))
    assert error.message == "node02: the control plane does not reply"
    assert error.facts == ("it may be without power now",)
    assert error.hint == "nodebake power on node02"


def test_an_interruption_leaves_no_node_without_power(tmp_path: Path) -> None:
    power = Power()

    async def run() -> None:
        async with site(tmp_path, None, power) as found:
            task = asyncio.create_task(found.restart("node02"))
            while not power.told:
                await asyncio.sleep(0.01)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert power.told == [False, True]


def test_one_flasher_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody listens to any more may still clear up: not what belongs to the next one."""
    monkeypatch.setattr(rollout_site, "_PLACE", str(tmp_path / "flash"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").symlink_to("/bin/true")
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}

    def start(seconds: float) -> subprocess.Popen[bytes]:
        agent = f"import sys, time\ntime.sleep({seconds})\nprint(open(sys.argv[1]).read())\n"
        then = f'echo "$NODEBAKE_LOCKED {seconds} in"; sleep 0.3; echo {seconds} out\n'
        script = rollout_site._carry(agent.encode(), {"format": 1}, f"({then}) >>{tmp_path}/turns\n")
        return subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, env=path)

    with start(0.5) as first:
        time.sleep(0.3)
        with start(0.6) as second:
            assert b'{"format": 1}' in second.communicate()[0]
        assert b'{"format": 1}' in first.communicate()[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert not (tmp_path / "flash").exists()
    # What follows belongs to the same turn.
    turns = (tmp_path / "turns").read_text().splitlines()
    assert turns == ["yes 0.5 in", "0.5 out", "yes 0.6 in", "0.6 out"]
