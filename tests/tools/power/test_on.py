# SPDX-License-Identifier: Apache-2.0
"""`power status` and `power on`: nodes boot in a log, on a simulated control plane."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from builder.fleet.knock import Answer
from builder.fleet.machine import Machine
from builder.power.reach import Reach
from builder.power.simulate.boots import Pace
from tests.needs import needs_tool
from tests.tools.power.plane import Plane, simulator
from tests.tools.power.project import Project
from tests.tools.power.rack import DOWN, HASTY, QUICK, boot, ssh, told
from tests.tools.power.sshd import USER, Keys, Server, free_port, server

pytestmark = pytest.mark.tools


def test_status(project: Project, plane: Plane, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(url=plane.url, numbers=range(1, 61))
    plane.plant.on = {1, 2, 3, 60}
    expected = "on         4  node[01-03,60]\noff       56  node[04-59]\n"
    assert told(project, capsys, "status") == (0, expected, "")
    code, out, _ = told(project, capsys, "status", "3-4", "--json")
    assert code == 0
    assert json.loads(out) == {
        "nodes": [
            {"number": 3, "name": "node03", "state": "on"},
            {"number": 4, "name": "node04", "state": "off"},
        ]
    }
    assert plane.no_violations()


def test_status_without_a_control_plane_is_unknown(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(url="ws://127.0.0.1:9", numbers=range(1, 3))
    code, out, err = told(project, capsys, "status")
    assert (code, out) == (1, "unknown    2  node[01-02]\n")
    assert err.startswith("error: no control plane at `ws://127.0.0.1:9`: connection refused\n")


def test_on_brings_nodes_up(
    project: Project, plane: Plane, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(url=plane.url, numbers=range(1, 5), sequence=QUICK % "", log=f"{{file: {log}}}")
    plane.plant.on = {3}
    code, out, err = told(project, capsys, "on", "1-2")
    assert code == 0
    assert re.fullmatch(r"node01  up       \d+ s\nnode02  up       \d+ s\n2 of 2 up\n", out)
    steps = [line for line in err.splitlines() if line.startswith("node01")]
    assert steps[:3] == ["node01: on", "node01: asks", "node01: loads"]
    assert re.fullmatch(r"node01: up after \d+ s", steps[3])
    assert plane.plant.on == {1, 2, 3}
    assert plane.no_violations()


def test_on_of_a_node_that_is_on_says_so_and_leaves_it_alone(
    project: Project, plane: Plane, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = QUICK.replace("up_within: 30", "up_within: 0.5") % ""
    project.write(url=plane.url, numbers=range(1, 5), sequence=quick, log=f"{{file: {log}}}")
    plane.plant.on = {3}
    code, out, err = told(project, capsys, "on", "node03")
    assert code == 1  # nothing shows that it is up
    assert err.splitlines()[0] == "node03: on already"
    why = "not up within 0.5 s; it was on before, so its power was left alone"
    assert out == f"node03  missing  {why}\n0 of 1 up; missing: node03\n"
    assert plane.plant.commands["XPowerRequest"] == 0


def test_nodes_of_unknown_state_are_asked_all_at_once(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that is off lets us wait, and there are sixty."""
    under_way: list[int] = []
    asked: list[int] = []

    async def answer(_: Reach, machine: Machine) -> Answer:
        under_way.append(1)
        asked.append(len(under_way))
        await asyncio.sleep(0.05)
        under_way.pop()
        return Answer.SSH

    monkeypatch.setattr(Reach, "answer", answer)
    project.write(url="ws://127.0.0.1:9", numbers=range(1, 61))
    code, out, _ = told(project, capsys, "on", "1-60")
    assert (code, out.splitlines()[-1]) == (0, "60 of 60 up")
    assert max(asked[:60]) == 60


def test_a_mass_power_on_cycles_stragglers_until_all_are_up(
    project: Project, plane: Plane, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """22 at once, of which 3 at a time are served."""
    boot(plane, log, Pace(boot=0.6, together=3))
    more = HASTY % ", batch: 22, cycles: 12"
    project.write(url=plane.url, numbers=range(1, 23), sequence=more, log=f"{{file: {log}}}")
    code, out, err = told(project, capsys, "on", "@all", "--json")
    answer = json.loads(out)
    assert (code, answer["up"], answer["missing"]) == (0, 22, 0)
    assert sum(node["cycles"] for node in answer["nodes"]) >= 3
    assert ": off: asked, and fetched nothing within 1 s" in err
    assert plane.no_violations()


def test_who_never_comes_up_is_missing(
    project: Project, plane: Plane, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boot(plane, log, Pace(boot=0.3, together=0))
    project.write(url=plane.url, numbers=range(1, 3), sequence=HASTY % ", cycles: 1", log=f"{{file: {log}}}")
    code, out, err = told(project, capsys, "on", "1")
    why = "asked, and fetched nothing within 1 s"
    assert (code, out) == (1, f"node01  missing  {why}, 1 cycle\n0 of 1 up; missing: node01\n")
    assert err.splitlines()[-1] == f"node01: missing: {why}"


def test_a_stuck_relay_is_told(project: Project, capsys: pytest.CaptureFixture[str], log: Path) -> None:
    with simulator(dead=frozenset({2})) as plane:
        boot(plane, log, Pace(boot=0.2))
        quick = QUICK % ", cycles: 0"
        project.write(url=plane.url, numbers=range(1, 3), sequence=quick, log=f"{{file: {log}}}")
        code, out, _ = told(project, capsys, "on", "1-2")
    why = "`node02` was switched on, and its state is off"
    assert code == 1
    assert out.splitlines()[1:] == [f"node02  missing  {why}", "1 of 2 up; missing: node02"]


def test_faults_of_the_control_plane_do_not_keep_nodes_down(
    project: Project, capsys: pytest.CaptureFixture[str], log: Path
) -> None:
    with simulator(silent=0.1, drop=0.2, seed=4) as plane:
        boot(plane, log, Pace(boot=0.2, together=8))
        project.write(url=plane.url, numbers=range(1, 9), sequence=QUICK % "", log=f"{{file: {log}}}")
        code, out, err = told(project, capsys, "on", "@all")
    assert (code, out.splitlines()[-1]) == (0, "8 of 8 up")
    assert "warning: " in err
    assert plane.no_violations()


@needs_tool("sshd")
def test_a_node_of_unknown_state_that_answers_ssh_is_left_alone(
    project: Project, machines: list[Server], keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(
        url=plane.url,
        numbers=range(1, 3),
        ssh=ssh(keys, machines[0].port),
        sequence=DOWN,
    )
    inventory = project.root / "cluster.yaml"
    inventory.write_text(inventory.read_text().replace("timeout: 1}", "timeout: 1, status_command: null}", 1))
    code, out, _ = told(project, capsys, "on", "1")
    assert (code, out) == (0, "node01  up       on before\n1 of 1 up\n")
    assert plane.plant.commands["XPowerRequest"] == 0


@needs_tool("sshd", "tail")
def test_a_log_on_the_head_is_read_over_ssh(
    project: Project, keys: Keys, plane: Plane, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    # Time for the other side to start its `tail`: boards take longer than that.
    boot(plane, log, Pace(boot=1.5))
    # It answers at its second address only, and is known by that.
    with server(keys, "127.0.0.251", port) as head:
        (keys.folder / "known_hosts").write_text(head.known_as(f"[127.0.0.251]:{port}"))
        project.write(
            url=plane.url,
            head="127.0.0.250, outside: 127.0.0.251",
            user=USER,
            numbers=range(1, 3),
            ssh=ssh(keys, port),
            sequence=QUICK % "",
            log=f"{{file: {log}, on_head: true}}",
        )
        code, out, err = told(project, capsys, "on", "1-2")
    assert (code, out.splitlines()[-1]) == (0, "2 of 2 up"), err


@needs_tool("sshd")
@pytest.mark.parametrize("forwards", ["yes", "no"])
def test_the_control_plane_through_the_head(
    project: Project, keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str], forwards: str
) -> None:
    """It is that way, because it ends where the head forwards nothing."""
    port = free_port()
    with server(keys, "127.0.0.250", port, f"AllowTcpForwarding {forwards}") as head:
        (keys.folder / "known_hosts").write_text(head.known_as("sevastopol"))
        project.write(url=plane.url, user=USER, numbers=range(1, 3), ssh=ssh(keys, port, through_head=True))
        code, out, _ = told(project, capsys, "status")
    state = "off    " if forwards == "yes" else "unknown"
    assert (code, out) == (int(forwards == "no"), f"{state}    2  node[01-02]\n")


@needs_tool("ssh-keygen")
def test_a_head_that_cannot_be_reached(
    project: Project, keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "known_hosts").write_text(
        f"sevastopol {keys.make('host').with_suffix('.pub').read_text()}"
    )
    way = "{through_head: true, port: 9}"
    project.write(url=plane.url, numbers=range(1, 3), ssh=way)
    code, out, err = told(project, capsys, "status")
    assert (code, out) == (1, "unknown    2  node[01-02]\n")
    assert err == "error: the head `sevastopol` cannot be reached: connection refused\n"


def test_a_log_that_is_not_there(project: Project, plane: Plane, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(url=plane.url, numbers=range(1, 3), log="{file: /no/such.log}")
    code, _, err = told(project, capsys, "on", "1")
    assert code == 1
    assert err.splitlines()[-2] == "error: the log `/no/such.log` cannot be read"
    assert not plane.plant.on
