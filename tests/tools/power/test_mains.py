# SPDX-License-Identifier: Apache-2.0
"""`power mains` and `power shutdown`, as far as a loopback address can be a head."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.power import mains
from builder.power.mains import Signs
from builder.power.reach import End, Reach, Shutdown
from tests.needs import needs_tool
from tests.tools.power.plane import Plane
from tests.tools.power.project import Project, socket_controller
from tests.tools.power.rack import DOWN, ssh, told
from tests.tools.power.sshd import Keys, Server, free_port, server

pytestmark = pytest.mark.tools


@needs_tool("sshd", "ping")
def test_the_mains_is_not_cut_while_the_head_runs(
    project: Project, keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with socket_controller() as socket, server(keys, "127.0.0.250", port):
        project.write(
            url=plane.url, mains=socket.url, numbers=range(1, 3), ssh=ssh(keys, port), sequence=DOWN
        )
        assert told(project, capsys, "mains", "status") == (0, "mains: on\n", "")
        code, out, err = told(project, capsys, "mains", "off")
        assert (code, out) == (5, "")
        assert err.startswith(
            "error: the head `sevastopol` runs: its power is not cut\n"
            f"  127.0.0.250 answers at port {port}, ssh\n"
            "  127.0.0.250 answers ping\n"
        )
        assert told(project, capsys, "mains", "on") == (0, "mains: on already\n", "")
    assert (socket.on, socket.events) == (True, [])


@needs_tool("sshd", "ping")
def test_shutdown_ends_before_the_head_when_a_node_is_left_on(
    project: Project, machines: list[Server], keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    (keys.folder / "known_hosts").write_text(machines[1].known_as("node02"))
    with socket_controller() as socket:
        project.write(
            url=plane.url,
            mains=socket.url,
            numbers=range(1, 5),
            ssh=ssh(keys, machines[0].port),
            sequence=DOWN,
        )
        code, out, err = told(project, capsys, "shutdown")
    assert (code, out) == (1, "")
    assert "error: some nodes are not off: head and mains are left on" in err
    assert socket.on


@needs_tool("ping")
@pytest.mark.parametrize(("end", "code"), [(End.SHUT, 0), (End.SLOW, 0), (End.SILENT, 5)])
def test_silence_is_enough_of_a_head_that_took_the_order(
    end: End,
    code: int,
    project: Project,
    plane: Plane,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def look_for_head(*_: object) -> Signs:
        return Signs((), (), (), ("127.0.0.250",))

    async def shut_down(*_: object) -> Shutdown:
        return Shutdown(end)

    monkeypatch.setattr(mains, "look_for_head", look_for_head)
    monkeypatch.setattr(Reach, "shut_down", shut_down)
    with socket_controller() as socket:
        project.write(url=plane.url, mains=socket.url, numbers=range(1, 3), sequence=DOWN)
        assert (told(project, capsys, "shutdown")[0], socket.on) == (code, code != 0)


_MUTE = """\
#!/bin/sh
echo 'ping: socket: Operation not permitted' >&2
exit 2
"""


@pytest.mark.parametrize(
    ("ping", "fact"),
    [("", "it is not installed"), (_MUTE, "| ping: socket: Operation not permitted")],
    ids=["none", "mute"],
)
@pytest.mark.parametrize("verb", [("mains", "off"), ("shutdown",)], ids=["mains", "shutdown"])
def test_silence_proves_nothing_where_no_ping_can_be_sent(
    verb: tuple[str, ...],
    ping: str,
    fact: str,
    project: Project,
    plane: Plane,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And nothing has been shut down by then."""
    program = tmp_path / "ping"
    program.write_text(ping)
    program.chmod(0o755)
    monkeypatch.setattr(mains, "find", lambda _: program if ping else None)
    plane.plant.on = {1, 2}
    with socket_controller() as socket:
        project.write(url=plane.url, mains=socket.url, numbers=range(1, 3), sequence=DOWN)
        code, out, err = told(project, capsys, *verb)
    assert (code, out) == (3, "")
    assert err == (
        "error: without `ping` it cannot be proven that the head is down\n"
        f"  {fact}\n"
        "hint: apt-get install iputils-ping; where only root may ping: sudo\n"
    )
    assert (socket.on, plane.plant.on) == (True, {1, 2})


def test_nothing_switches_the_mains(
    project: Project, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(url=plane.url, numbers=range(1, 3))
    inventory = project.root / "cluster.yaml"
    inventory.write_text(inventory.read_text().replace(", power: mains", ""))
    code, _, err = told(project, capsys, "shutdown")
    assert code == 1
    assert "error: nothing in the inventory switches the mains" in err
