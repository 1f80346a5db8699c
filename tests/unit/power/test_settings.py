# SPDX-License-Identifier: Apache-2.0
"""The `power:` section of cluster.yaml: what it comes to, and each thing that can be wrong with it."""

from __future__ import annotations

import pytest

from builder.errors import NodebakeError
from builder.power import settings
from builder.power.driver import DRIVERS
from builder.power.kind import kinds
from builder.power.settings import Power
from tests.unit.cluster.samples import cluster, node

HEAD = """\
format: 1
head: {name: sevastopol, board: pi3bplus, address: 10.42.0.250, power: mains}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
power:
  bladerunner: {driver: bladerunner, url: "ws://10.42.0.250:1236"}
  mains: {driver: homematic, url: "http://192.168.1.112:2001", channel: "ABC:1"}
"""
REST = "defaults: {board: pi3b, network: lan, power: bladerunner}\nnodes:\n" + node(1) + node(2)

# Imported before a test forbids sockets: what drivers import derives classes from them.
KINDS = kinds()


def read(more: str = "", head: str = HEAD, rest: str = REST) -> Power:
    return settings.require(cluster(head + more + rest))


def wrong(more: str = "", head: str = HEAD, rest: str = REST) -> str:
    with pytest.raises(NodebakeError) as caught:
        read(more, head, rest)
    return caught.value.render()


def test_every_driver_has_a_kind() -> None:
    assert tuple(kind.name for kind in KINDS) == DRIVERS


def test_what_it_comes_to() -> None:
    power = read("  sequence: {stagger: 3, cycles: 1}\n  log: {unit: dnsmasq, on_head: true}\n")
    assert list(power.supplies) == ["bladerunner", "mains"]
    assert (power.sequence.stagger, power.sequence.batch, power.sequence.cycles) == (3, 1, 1)
    assert power.log is not None
    assert power.log.unit == "dnsmasq"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "  pdu: {driver: bladerunne, url: x}\n",
            "cluster.yaml:8:17: error: `bladerunne` is no driver\n"
            "  8 |   pdu: {driver: bladerunne, url: x}\n"
            "    |                 ^\n"
            "hint: did you mean `bladerunner`?",
        ),
        (
            "  pdu: {url: x}\n",
            "cluster.yaml:8:3: error: `pdu` names no driver\n"
            "  8 |   pdu: {url: x}\n"
            "    |   ^\n"
            "hint: write `driver:` and one of `bladerunner`, `homematic`, `powerman`, `command`",
        ),
        (
            "  pdu: {driver: powerman, target: '{place}'}\n",
            "cluster.yaml:8:35: error: `target`: `{place}` stands for nothing; "
            "there are `{number}`, `{name}`, `{mac}`\n"
            "  8 |   pdu: {driver: powerman, target: '{place}'}\n"
            "    |                                   ^",
        ),
        (
            "  log: {on_head: true}\n",
            "cluster.yaml:8:8: error: `log`: wants `file` or `unit`, and one of them\n"
            "  8 |   log: {on_head: true}\n"
            "    |        ^",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(more: str, expected: str) -> None:
    assert wrong(more) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("  sequence: {staggr: 1}\n", "unknown key `staggr`"),
        ("  sequence: {stagger: -1}\n", "`stagger`: "),
        ("  pdu: {driver: command, on: [], off: [x]}\n", "`on`: "),
        ("  pdu: {driver: command, on: on, off: [x]}\n", "`on` wants a list, not a string"),
        ("  pdu: {driver: bladerunner, url: 'http://10.42.0.250'}\n", "`url`: "),
        ("  pdu: {driver: homematic, url: 'http://a:b@c', channel: 'A:1'}\n", "`url`: "),
        ("  pdu: {driver: homematic, url: 'http://c', channel: 'A'}\n", "`channel`: "),
        ("  pdu: {driver: powerman, server: '-x'}\n", "`server`: "),
        ("  pdu: bladerunner\n", "`pdu` names no driver"),
    ],
)
def test_each_setting_is_checked(more: str, expected: str) -> None:
    assert f"error: {expected}" in wrong(more)


def test_one_socket_is_not_for_many() -> None:
    text = wrong(rest=REST.replace("power: bladerunner", "power: mains"))
    assert "error: `mains` switches one thing, and 3 name it" in text
    assert "  sevastopol, node01, node02" in text


def test_the_control_plane_does_not_switch_the_mains() -> None:
    text = wrong(head=HEAD.replace("power: mains", "power: bladerunner"))
    assert "error: `bladerunner` switches nodes, and not the mains" in text
    assert "hint: name a driver for the mains, or leave `power` of the head out" in text


def test_a_word_of_ours_is_no_driver() -> None:
    text = wrong("  sequence: {}\n", rest=REST.replace("power: bladerunner", "power: sequence"))
    assert "error: `sequence` is no driver, and `node01` names it" in text


def test_logins_are_no_matter_of_power() -> None:
    assert wrong("  ssh: {user: pi}\n").splitlines()[-1] == (
        "hint: how machines are logged in to stands beside `power:`, not below it: move `ssh:` there"
    )
