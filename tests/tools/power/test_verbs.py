# SPDX-License-Identifier: Apache-2.0
"""The power verbs on a simulated control plane: nodes boot in a log, or are real ssh servers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from builder.power.simulate.boots import Boots, Face, Pace
from tests.fixtures import ROOT
from tests.needs import needs_tool
from tests.tools.power.plane import Plane, simulator
from tests.tools.power.project import Project, project, socket_controller
from tests.tools.power.sshd import USER, Keys, Server, free_port, poweroff, server

__all__ = ["project"]
pytestmark = pytest.mark.tools

# Generous where nothing should be late, even on a busy machine; hasty where something is to be.
QUICK = "{up: dhcp, stagger: 0.1, loads_within: 20, up_within: 30, off_for: 0.1, confirm_within: 0.3%s}"
HASTY = QUICK.replace("loads_within: 20", "loads_within: 1")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "dnsmasq.log"
    path.touch()
    return path


@pytest.fixture
def plane(log: Path) -> Iterator[Plane]:
    """A control plane whose nodes boot within a third of a second, as the log shows."""
    with simulator() as plane:
        boot(plane, log, Pace(boot=0.3))
        yield plane


def boot(plane: Plane, log: Path, pace: Pace) -> None:
    def write(line: str) -> None:
        with log.open("a") as file:
            file.write(f"{line}\n")

    faces = {n: Face(f"b8:27:eb:00:00:{n:02x}", f"127.0.0.{n}", f"000000{n:02x}") for n in range(1, 61)}
    plane.plant.switched = Boots(pace, faces, write).switched


def told(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = project.nodebake("power", *words)
    return code, *capsys.readouterr()


# Switching and asking.


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


def test_a_log_that_is_not_there(project: Project, plane: Plane, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(url=plane.url, numbers=range(1, 3), log="{file: /no/such.log}")
    code, _, err = told(project, capsys, "on", "1")
    assert code == 1
    assert err.splitlines()[-2] == "error: the log `/no/such.log` cannot be read"
    assert not plane.plant.on


# Nodes that are ssh servers.


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    folder = tmp_path / "keys"
    folder.mkdir()
    made = Keys(folder)
    made.make("operator")
    return made


@pytest.fixture
def machines(keys: Keys, project: Project, plane: Plane) -> Iterator[list[Server]]:
    """Nodes 1 and 2, on, as real ssh servers; node 3 is on and answers nothing, node 4 is off."""
    port = free_port()
    with ExitStack() as stack:
        made = [stack.enter_context(server(keys, f"127.0.0.{n}", port)) for n in (1, 2)]
        (keys.folder / "known_hosts").write_text(
            "".join(machine.known_as(f"node{n:02}") for n, machine in enumerate(made, 1))
        )
        project.write(url=plane.url, numbers=range(1, 5), ssh=ssh(keys, port), sequence=DOWN)
        plane.plant.on = {1, 2, 3}
        yield made


DOWN = "{down_within: 2, settle: 0.1, confirm_within: 0.3, up_within: 3, stagger: 0, off_for: 0.1}"


def ssh(keys: Keys, port: int, **more: Any) -> str:
    settings = {
        "port": port,
        "user": USER,
        "key": str(keys.private),
        "known_hosts": str(keys.folder / "known_hosts"),
        "timeout": 2,
        "poweroff": poweroff(keys.folder),
        **more,
    }
    return json.dumps(settings)


@needs_tool("sshd")
def test_off_shuts_down_and_then_cuts(
    project: Project, machines: list[Server], plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    ran_at_the_cut: dict[int, bool] = {}
    plane.plant.switched = lambda n, _on: ran_at_the_cut.update({n: n < 3 and machines[n - 1].runs})
    code, out, err = told(project, capsys, "off", "@all")
    assert code == 0
    assert out == (
        "node01  off      shut down\n"
        "node02  off      shut down\n"
        "node03  off      did not answer ssh\n"
        "node04  off      off already\n"
        "4 of 4 off\n"
    )
    assert "node01: shutting down" in err.splitlines()
    assert "node04: off already" in err.splitlines()
    assert ran_at_the_cut == {1: False, 2: False, 3: False}
    assert not plane.plant.on
    assert plane.no_violations()


@needs_tool("sshd")
def test_off_at_once(
    project: Project, machines: list[Server], plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = told(project, capsys, "off", "1", "--now")
    assert (code, out) == (0, "node01  off      cut at once\n1 of 1 off\n")
    assert machines[0].runs
    assert plane.plant.on == {2, 3}


@needs_tool("sshd")
def test_a_node_with_another_host_key_is_left_on(
    project: Project, machines: list[Server], plane: Plane, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = keys.folder / "known_hosts"
    hosts.write_text(machines[1].known_as("node01") + machines[1].known_as("node02"))
    code, out, _ = told(project, capsys, "off", "1-2")
    assert code == 1
    why = f"left on: the host key of `node01` at 127.0.0.1 is not the one in `{hosts}`"
    assert out == f"node01  on       {why}\nnode02  off      shut down\n1 of 2 off; not: node01\n"
    assert machines[0].runs
    assert plane.plant.on == {1, 3}


@needs_tool("sshd")
@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"known_hosts": None}, "no file of host keys is named, so nobody is logged in to"),
        ({"known_hosts": "/no/such"}, "the file of host keys, `/no/such`, is not there"),
        ({"key": "/no/such"}, "the key `/no/such` is not there"),
        ({"user": "nobody-at-all"}, "`node01` does not let `nobody-at-all` in"),
        ({"poweroff": "echo not allowed >&2; false"}, "not allowed"),
        ({"poweroff": "true"}, "ssh still answers after 2 s"),
    ],
)
def test_what_can_keep_a_node_from_being_shut_down(
    project: Project,
    machines: list[Server],
    plane: Plane,
    keys: Keys,
    capsys: pytest.CaptureFixture[str],
    setting: dict[str, Any],
    why: str,
) -> None:
    project.write(
        url=plane.url, numbers=range(1, 5), ssh=ssh(keys, machines[0].port, **setting), sequence=DOWN
    )
    code, out, _ = told(project, capsys, "off", "1")
    if setting.get("poweroff") == "true":
        # It took the order and did not end in time: then the power is cut.
        assert (code, out) == (0, "node01  off      did not go down in time\n1 of 1 off\n")
        return
    assert code == 1
    assert why in out
    assert plane.plant.on == {1, 2, 3}


@needs_tool("sshd")
def test_cycle(
    project: Project,
    machines: list[Server],
    plane: Plane,
    keys: Keys,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ExitStack() as stack:

        def switched(number: int, on: bool) -> None:
            if on:
                machines[0].process.wait(5)
                stack.enter_context(server(keys, "127.0.0.1", machines[0].port))

        plane.plant.switched = switched
        code, out, err = told(project, capsys, "cycle", "1")
    assert code == 0
    assert out.endswith("1 of 1 up\n")
    assert [line for line in err.splitlines() if line.startswith("node01: o")] == [
        "node01: off, shut down",
        "node01: on",
    ]


@needs_tool("sshd")
def test_cycle_leaves_all_off_when_one_is_left_on(
    project: Project, machines: list[Server], keys: Keys, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    (keys.folder / "known_hosts").write_text(machines[1].known_as("node02"))
    code, out, err = told(project, capsys, "cycle", "1-2")
    assert (code, out) == (1, "")
    assert "error: some nodes are not off, so none is switched on again" in err
    assert plane.plant.on == {1, 3}


# The mains.


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


@needs_tool("sshd")
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


def test_nothing_switches_the_mains(
    project: Project, plane: Plane, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(url=plane.url, numbers=range(1, 3))
    inventory = project.root / "cluster.yaml"
    inventory.write_text(inventory.read_text().replace(", power: mains", ""))
    code, _, err = told(project, capsys, "shutdown")
    assert code == 1
    assert "error: nothing in the inventory switches the mains" in err


# The simulator as a verb.


def test_simulate_tells_what_it_counted(tmp_path: Path) -> None:
    log = tmp_path / "dnsmasq.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", "power", "simulate", "--boot", "0.2", "--log", log],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    url = process.stderr.readline().split()[-1]
    client = ROOT / "builder" / "head" / "client"
    environment = {"BLADERUNNER_URL": url}
    for words in (("power.py", "7", "on"), ("statusrequest.py",)):
        done = subprocess.run(
            [sys.executable, client / words[0], *words[1:]], env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0
    while "DHCPACK" not in log.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    counted = json.loads(out)
    assert counted["on"] == [7]
    assert counted["commands"] == {"XPowerRequest": 1, "XStatusRequest": 1}
    assert not any(counted["violations"].values())
    assert "DHCPDISCOVER(eth0) b8:27:eb:00:00:07" in log.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--silent", "2"), "`--silent 2` is no share: they are 0 to 1"),
        (("--dead", "x"), "`--dead x`: "),
    ],
)
def test_simulate_refuses(
    project: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, _, err = told(project, capsys, "simulate", *words)
    assert code == 2
    assert f"error: {message}" in err
