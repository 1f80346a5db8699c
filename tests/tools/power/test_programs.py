# SPDX-License-Identifier: Apache-2.0
"""The head's programs, run as they are baked in: files in one folder, by Debian's Python too."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import websockets
from websockets.version import version

from builder.head.client.bladerunner import Exchange
from builder.head.client.dialect import power_arguments
from tests.tools.power.plane import Foreign, in_thread, simulator

CLIENT = Path(__file__).parents[3] / "builder" / "head" / "client"
PROGRAMS = ("power.py", "powerall.py", "testall.py", "statusrequest.py", "activetest.py", "debugled.py")
DEBIAN = "/usr/bin/python3"

pytestmark = pytest.mark.tools

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `client` as it is on the head."""
    client = tmp_path_factory.mktemp("pi") / "client"
    shutil.copytree(CLIENT, client, ignore=shutil.ignore_patterns("__*"))
    return client


@pytest.fixture(scope="module", params=[DEBIAN, sys.executable], ids=["debian", "venv"])
def run(request: pytest.FixtureRequest, folder: Path) -> Run:
    def call(url: str, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [request.param, "-s", "-B", folder / program, *words],
            env={"BLADERUNNER_URL": url, "BLADERUNNER_TIMEOUT": "2", "http_proxy": "http://127.0.0.1:9"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return call


def test_debians_websockets_is_an_older_one_than_ours(folder: Path) -> None:
    code = "import websockets.version as v; print(v.version)"
    older = subprocess.run([DEBIAN, "-s", "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(older.split(".")[0]) < int(version.split(".")[0])


@pytest.mark.parametrize("program", PROGRAMS)
def test_help(folder: Path, program: str) -> None:
    done = subprocess.run(
        [DEBIAN, "-s", "-B", folder / program, "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "example: " + program in done.stdout


def test_power_switches_one_node_and_reads_the_reply(run: Run) -> None:
    with simulator() as plane:
        done = run(plane.url, "power.py", "7", "on")
        assert (done.returncode, done.stdout, done.stderr) == (0, "node 7: on\n", "")
        assert plane.plant.on == {7}
        assert run(plane.url, "power.py", "7", "off").stdout == "node 7: off\n"
    assert not plane.plant.on
    assert plane.no_violations()


def test_powerall_switches_a_range_in_order(run: Run) -> None:
    with simulator() as plane:
        order: list[int] = []
        plane.plant.switched = lambda number, _on: order.append(number)
        done = run(plane.url, "powerall.py", "on", "1", "60", "--stagger", "0")
        assert (done.returncode, done.stderr) == (0, "")
        assert order == list(range(1, 61))
        order.clear()
        assert run(plane.url, "powerall.py", "off", "5", "2").returncode == 0
    assert order == [5, 4, 3, 2]
    assert plane.no_violations()


def test_powerall_waits_between_nodes(run: Run) -> None:
    with simulator() as plane:
        at: list[float] = []
        plane.plant.switched = lambda _number, _on: at.append(time.monotonic())
        run(plane.url, "powerall.py", "on", "1", "3", "--stagger", "0.2")
    assert min(later - earlier for earlier, later in pairwise(at)) >= 0.2


def test_powerall_goes_on_after_a_node_that_is_refused(run: Run) -> None:
    with simulator(wrong=0.5, seed=3) as plane:
        done = run(plane.url, "powerall.py", "on", "1", "20", "--stagger", "0", "--timeout", "0.2")
    assert done.returncode == 1
    assert "error: node" in done.stderr
    assert "of 20 switched on; not: " in done.stderr
    assert len(done.stdout.splitlines()) + done.stderr.count("error: node") == 20
    assert plane.no_violations()


def test_testall_leaves_nodes_as_they_were(run: Run) -> None:
    with simulator() as plane:
        plane.plant.on = {2, 3}
        done = run(plane.url, "testall.py", "1", "4", "--settle", "0")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "4 of 4 passed"
    assert plane.plant.on == {2, 3}
    assert plane.plant.commands["XPowerRequest"] == 8
    assert plane.no_violations()


def test_testall_leaves_alone_what_runs(run: Run) -> None:
    with simulator() as plane:
        plane.plant.on = {2, 3}
        done = run(plane.url, "testall.py", "1", "4", "--settle", "0", "--spare-running")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "node 1: passed",
        "node 2: is on, left alone",
        "node 3: is on, left alone",
        "node 4: passed",
        "2 of 2 passed",
    ]
    assert plane.plant.commands["XPowerRequest"] == 4
    assert plane.no_violations()


def test_testall_tells_of_a_stuck_relay(run: Run) -> None:
    with simulator(dead=frozenset({2})) as plane:
        done = run(plane.url, "testall.py", "1", "3", "--settle", "0")
    assert done.returncode == 1
    assert "node 2: failed: switched on, and its state is off" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 of 3 passed"


def test_statusrequest_shows_bars_and_places(run: Run) -> None:
    with simulator() as plane:
        plane.plant.on = {1, 16, 60}
        done = run(plane.url, "statusrequest.py")
        as_json = json.loads(run(plane.url, "statusrequest.py", "--json").stdout)
    lines = done.stdout.splitlines()
    assert lines[0] == "bar  1  2  3  4  5  6  7  8  9  A  B  C  D  E  F"
    assert lines[1] == "A   on" + "  -" * 14
    assert lines[4] == "D  " + "  -" * 14 + " on"
    assert lines[5] == f"{plane.url} answers: 3 on, 57 off"
    assert [node["id"] for node in as_json["nodes"] if node["state"] == "on"] == [1, 16, 60]
    assert plane.no_violations()


def test_a_command_that_the_control_plane_does_not_have(run: Run) -> None:
    with simulator() as plane:
        done = run(plane.url, "statusrequest.py", "--status-command", "XStateRequest")
    assert done.returncode == 1
    assert done.stderr == "error: the control plane refused XStateRequest: error, status 3\n"


def test_activetest_and_debugled(run: Run) -> None:
    with simulator() as plane:
        active = run(plane.url, "activetest.py", "1", "3")
        lit = run(plane.url, "debugled.py", "on", "1", "15")
        assert plane.plant.lit == set(range(1, 16))
        walked = run(plane.url, "debugled.py", "walk", "1", "2", "--moment", "0")
    assert (active.returncode, active.stdout.splitlines()[-1]) == (0, "3 of 3 answer")
    assert active.stdout.startswith("node 1: off, ")
    assert lit.stdout.splitlines()[-1] == "node 15: LED on"
    assert walked.returncode == 0
    assert plane.plant.lit == set(range(3, 16))
    assert plane.no_violations()


def test_a_silent_control_plane_is_told_and_asked_again(run: Run) -> None:
    with simulator(silent=1.0) as plane:
        done = run(plane.url, "power.py", "7", "on", "--timeout", "0.2")
    no_reply = "the control plane did not reply to XPowerRequest id=7 on=true within 0.2 s"
    assert done.returncode == 1
    assert done.stderr == f"warning: {no_reply}; asking again (2 of 2)\nerror: {no_reply}\n"
    assert plane.no_violations()


def test_a_connection_that_ends_is_opened_again(run: Run) -> None:
    with simulator(drop=0.4, seed=5) as plane:
        done = run(plane.url, "powerall.py", "on", "1", "10", "--stagger", "0")
    assert "warning: the connection to the control plane ended during XPowerRequest" in done.stderr
    assert plane.plant.on == set(range(1, 11))
    assert plane.no_violations()


def test_no_control_plane(run: Run) -> None:
    done = run("ws://127.0.0.1:9", "power.py", "7", "on")
    assert done.returncode == 3
    assert done.stderr == (
        "error: no control plane at `ws://127.0.0.1:9`: connection refused\n"
        "hint: is the control plane's daemon running on the head?\n"
    )
    assert run("http://127.0.0.1:9", "power.py", "7", "on").returncode == 3


@pytest.mark.parametrize("words", [("61", "on"), ("0", "on"), ("seven", "on"), ("7", "up"), ("7",)])
def test_usage(run: Run, words: tuple[str, ...]) -> None:
    done = run("ws://127.0.0.1:9", "power.py", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: power.py ")


def test_against_a_server_that_is_not_ours(run: Run) -> None:
    foreign = Foreign()
    with in_thread(foreign.serve) as url:
        assert run(url, "powerall.py", "on", "1", "3", "--stagger", "0").returncode == 0
        status = run(url, "statusrequest.py")
        led = run(url, "debugled.py", "on", "1", "1")
    assert foreign.on == {1, 2, 3}
    assert status.stdout.splitlines()[-1] == f"{url} answers: 3 on, 57 off"
    assert led.stderr == "error: the control plane refused XLedRequest id=1 on=true: error, status 3\n"
    assert [said["seqno"] for said in foreign.heard[:3]] == [1, 2, 3]


def test_a_client_that_hangs_up_without_reading_is_counted() -> None:
    """As scripts in the field do: the counting is worth something."""

    frame = Exchange("bladerunner").ask("XPowerRequest", power_arguments(7, True))

    async def careless(url: str) -> None:
        async with websockets.connect(url, proxy=None) as socket:
            await socket.send(frame)

    with simulator(slow=0.05) as plane:
        asyncio.run(careless(plane.url))
        time.sleep(0.1)
    assert plane.plant.violations["hung-up"] == 1
    assert plane.plant.on == {7}


def test_every_violation_is_counted() -> None:
    frames = [
        '{"target":"bladerunner","seqno":1,"command":"XPowerRequest","args":{"id":61,"on":true}}',
        "{",
        '{"target":"roy","seqno":1,"command":"XRun","args":{}}',
    ]

    async def rude(url: str) -> list[dict[str, int]]:
        async with websockets.connect(url, proxy=None) as socket:
            for frame in frames:
                await socket.send(frame)
            return [json.loads(await socket.recv())["args"] for _ in frames]

    with simulator(slow=0.05) as plane:
        replies = asyncio.run(rude(plane.url))
    assert replies == [{"index": 61, "status": 4}, {"status": 1}, {"status": 2}]
    assert +plane.plant.violations == {"arguments": 1, "json": 1, "seqno": 1, "target": 1, "early": 2}
