# SPDX-License-Identifier: Apache-2.0
"""Inventories in memory for tests."""

from __future__ import annotations

import pytest

from builder.cluster.cluster import Cluster
from builder.cluster.load import FILE, load, require
from builder.errors import NodebakeError
from builder.recipe.sources import DictSources

HEAD = """\
format: 1
head: {name: sevastopol, board: pi3bplus, address: 10.42.0.250, outside: 192.168.1.111, power: mains}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
  wifi: {subnet: 192.168.1.0/24, first: 192.168.1.105, wireless: true}
bars: {A: 1-15, B: 16-30, C: 31-45, D: 46-60}
power:
  bladerunner: {driver: bladerunner, url: "ws://10.42.0.250:1236"}
  mains: {driver: homematic, url: "http://192.168.1.112:2001", channel: "ABC:1"}
defaults: {board: pi3b, network: lan, power: bladerunner}
"""
GROUPS = "groups: {zeros: '17-18', odd: '1-60/2'}\n"


def mac(number: int) -> str:
    return f"b8:27:eb:00:00:{number:02x}"


def serial(number: int) -> str:
    return f"00000000ab0000{number:02x}"


def node(number: int, more: str = "") -> str:
    """A line of `nodes:`."""
    return f'  - {{number: {number}, mac: "{mac(number)}", serial: "{serial(number)}"{more}}}\n'


def sixty() -> str:
    """A whole file: 60 nodes, two of them on Wi-Fi."""
    nodes = "".join(node(number, ", network: wifi" if number in (17, 18) else "") for number in range(1, 61))
    return f"{HEAD}{GROUPS}nodes:\n{nodes}"


def cluster(text: str) -> Cluster:
    """The cluster that a file describes."""
    return require(DictSources({FILE: text}))


def problems(text: str) -> list[NodebakeError]:
    """What is wrong with a file that must not be taken."""
    found: list[NodebakeError] = []
    assert load(DictSources({FILE: text}), found) is None
    assert found
    return found


def problem(nodes: str, head: str = HEAD) -> str:
    """The one thing that is wrong with a file of these nodes, as a person reads it."""
    found = problems(f"{head}nodes:\n{nodes}")
    if len(found) != 1:
        pytest.fail("\n".join(each.render() for each in found))
    return found[0].render()
