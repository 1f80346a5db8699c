# SPDX-License-Identifier: Apache-2.0
"""`power off` and `power cycle`: nodes are real ssh servers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from tests.needs import needs_tool
from tests.tools.power.plane import Plane
from tests.tools.power.project import Project
from tests.tools.power.rack import DOWN, ssh, told
from tests.tools.power.sshd import Keys, Server, server

pytestmark = pytest.mark.tools


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
def test_what_nobody_can_ask_is_not_said_to_be_on(
    project: Project, machines: list[Server], keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    (keys.folder / "known_hosts").write_text(machines[1].known_as("node02"))
    inventory = project.root / "cluster.yaml"
    inventory.write_text(inventory.read_text().replace("timeout: 1}", "timeout: 1, status_command: null}", 1))
    code, out, _ = told(project, capsys, "off", "1")
    assert code == 1
    assert out.startswith("node01  unknown  left on: no host key of `node01` is known")


@needs_tool("sshd")
@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"known_hosts": "/dev/null"}, "no host key of `node01` is known: "),
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
