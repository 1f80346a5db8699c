# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes discover`: a simulated control plane, and boards that ask a real dnsmasq at power-on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.cli.main import main
from tests.lan.lan import Lan, lan
from tests.needs import needs_tool
from tests.tools.power.plane import Plane, simulator

pytestmark = [pytest.mark.tools, needs_tool("dnsmasq", "ip", "unshare", "tail")]

# Place to board. Nothing is in place 4, and what is in place 5 is not what cluster.yaml has there.
BOARDS = {number: (f"b8:27:eb:00:00:{number:02x}", f"ab0000{number:02x}") for number in (1, 2, 3, 5, 6)}
HEAD = """\
format: 1
head: {name: sevastopol, board: pi3bplus, address: 10.42.0.250}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
  wifi: {subnet: 192.168.1.0/24, first: 192.168.1.105, wireless: true}
power:
  plane: {driver: bladerunner, url: "@url@", timeout: 2}
  sequence: {off_for: 0.1}
defaults: {board: pi3b, network: lan, power: plane}
nodes:
"""
NODES = """\
  - {number: 1, mac: "b8:27:eb:00:00:01", serial: "ab000001"}
  - {number: 2}  # the door side
  - {number: 3, mac: "b8:27:eb:00:00:03"}
  - {number: 4}
  - {number: 5, mac: "b8:27:eb:00:00:99", serial: "ab000099"}
  - {number: 6, board: pizerow, network: wifi}
"""


@dataclass(frozen=True)
class Rack:
    """The plant, and the project with its inventory."""

    plane: Plane
    wire: Lan
    inventory: Path

    def discover(self, *words: str) -> int:
        """The exit code of `nodebake nodes discover WORDS`."""
        return main(["nodes", "discover", *words, "--log", str(self.wire.log), "--wait", "2"])


@pytest.fixture
def rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rack]:
    project, folder = tmp_path / "project", tmp_path / "lan"
    (project / "recipes").mkdir(parents=True)
    folder.mkdir()
    monkeypatch.chdir(project)
    # Without a ping, which takes three seconds: these boards are less patient than real ones.
    spare = ("--dhcp-range=10.42.0.200,10.42.0.220,10m", "--no-ping")
    with lan(folder, {"b8:27:eb:00:00:01": "node01,10.42.0.1"}, *spare) as wire, simulator() as plane:

        def switched(number: int, on: bool) -> None:
            if on and number in BOARDS:
                wire.start(*BOARDS[number])

        plane.plant.switched = switched
        (project / "cluster.yaml").write_text(HEAD.replace("@url@", plane.url) + NODES)
        yield Rack(plane, wire, project / "cluster.yaml")


def test_each_place_in_turn(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    before = rack.inventory.read_text()
    assert rack.discover("1-5") == 1  # nothing is in place 4
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "NODE    MAC                SERIAL",
        "node01  b8:27:eb:00:00:01  ab000001  as in cluster.yaml",
        "node02  b8:27:eb:00:00:02  ab000002  new",
        "node03  b8:27:eb:00:00:03  ab000003  its serial number is new",
        "node04  -                  -         no board asked within 2 s",
        "node05  b8:27:eb:00:00:05  ab000005  not b8:27:eb:00:00:99",
    ]
    assert err.splitlines()[:5] == [f"node0{number}: on" for number in range(1, 6)]
    assert err.splitlines()[5] == "cluster.yaml stays as it is; `--write` writes this into it"
    assert rack.inventory.read_text() == before
    assert rack.plane.plant.on == set()
    assert rack.plane.no_violations()


def test_written_and_read_again(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    before = rack.inventory.read_text()
    assert rack.discover("2,3,5", "--write", "--json") == 0
    out, err = capsys.readouterr()
    assert [(each["name"], each["mac"], each["serial"], each["news"]) for each in json.loads(out)] == [
        (f"node0{number}", *BOARDS[number], True) for number in (2, 3, 5)
    ]
    assert "3 nodes written into cluster.yaml" in err
    assert "what still goes by the former board of `node05`:\n  `b8:27:eb:00:00:99` in the head's" in err
    after = (
        before.replace("number: 2}", 'number: 2, mac: "b8:27:eb:00:00:02", serial: "ab000002"}')
        .replace('00:03"}', '00:03", serial: "ab000003"}')
        .replace("00:00:99", "00:00:05")
        .replace("ab000099", "ab000005")
    )
    assert rack.inventory.read_text() == after
    assert rack.discover("2,3,5", "--write") == 0
    assert capsys.readouterr().out.count("as in cluster.yaml") == 3
    assert rack.inventory.read_text() == after


def test_a_dry_run_switches_nothing(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    rack.plane.plant.on = {2}
    assert rack.discover("1-2", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "NODE    IS   WOULD BE",
        "node01  off  on, until its board has shown itself or 2 s are over; then off",
        "node02  on   asks whether its power may be cut",
    ]
    assert rack.discover("2", "--dry-run", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "node02", "state": "on", "would": "off, then on; it stays on"}
    ]
    assert set(rack.plane.plant.commands) == {"XStatusRequest"}


def test_what_is_on_is_not_cut_unasked(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    rack.plane.plant.on = {2}
    assert rack.discover("1-3") == 5
    assert capsys.readouterr().err == (
        "error: `node02` may be running, and discovering cuts the power\n"
        "hint: leave them out, shut them down (`nodebake power off`), or cut them all the same: `--yes`\n"
    )
    assert set(rack.plane.plant.commands) == {"XStatusRequest"}
    assert rack.discover("2", "--yes") == 0
    assert "b8:27:eb:00:00:02  ab000002  new" in capsys.readouterr().out
    assert rack.plane.plant.on == {2}


@pytest.mark.parametrize(("answer", "cut"), [("y\n", True), ("no\n", False), ("", False)])
def test_a_person_is_asked(
    rack: Rack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, cut: bool
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    rack.plane.plant.on = {2}
    assert rack.discover("2") == (0 if cut else 1)
    out, err = capsys.readouterr()
    assert err.startswith("`node02` may be running, and discovering cuts the power. Cut it? [y/N]\n")
    assert ("ab000002  new" if cut else "its power is on: left alone") in out
    assert rack.plane.plant.commands["XPowerRequest"] == (2 if cut else 0)


def test_who_is_on_for_other_reasons_is_not_taken_for_it(
    rack: Rack, capsys: pytest.CaptureFixture[str]
) -> None:
    # Node 1 is on, and asks again just when place 4, which is empty, gets its power.
    rack.plane.plant.on = {1}

    def switched(number: int, on: bool) -> None:
        if on:
            rack.wire.start(*BOARDS[1])
            rack.wire.start("52:54:00:00:00:01", "00000000")

    rack.plane.plant.switched = switched
    assert rack.discover("4") == 1
    assert "no board asked within 2 s" in capsys.readouterr().out


def test_two_that_ask_are_told_and_not_written(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(f"dnsmasq-dhcp[1]: DHCPDISCOVER(head0) {BOARDS[number][0]} \n" for number in (5, 6))

    def ask() -> None:
        with rack.wire.log.open("a") as log:
            log.write(lines)

    def switched(number: int, on: bool) -> None:
        if on:
            threading.Timer(0.5, ask).start()

    rack.plane.plant.switched = switched
    assert rack.discover("4", "--write") == 1
    out, err = capsys.readouterr()
    assert "several asked: b8:27:eb:00:00:05, b8:27:eb:00:00:06" in out
    assert "written" not in err


def test_a_place_that_cannot_be_switched(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    rack.plane.plant.dead = frozenset({2})
    text = rack.inventory.read_text()
    rack.inventory.write_text(text.replace("off_for: 0.1", "off_for: 0.1, confirm_within: 0.3"))
    assert rack.discover("2-3") == 1
    out = capsys.readouterr().out
    assert "`node02` was switched on, and its state is off" in out
    assert "b8:27:eb:00:00:03  ab000003" in out


def test_on_wifi_another_server_is_asked(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    assert rack.discover("1,6", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert err == "warning: `node06` is left out: it is on Wi-Fi, where another server answers\n"
    assert "node06" not in out
    assert not rack.plane.plant.commands["XPowerRequest"]


def test_nobody_says_where_the_log_is(rack: Rack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "discover", "1"]) == 2
    assert capsys.readouterr().err == (
        "error: nothing says where dnsmasq's log is\n"
        "hint: `log: {unit: dnsmasq}` under `power:` in cluster.yaml, or `--log FILE`\n"
    )


def test_interrupted_it_leaves_the_place_as_it_was(rack: Rack) -> None:
    words = ["nodes", "discover", "4", "--log", str(rack.wire.log), "--wait", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "builder", *words], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "node04: on\n"
        assert rack.plane.plant.on == {4}
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == "error: interrupted\n"
    assert rack.plane.plant.on == set()
    assert rack.plane.no_violations()
