# SPDX-License-Identifier: Apache-2.0
"""What a log amounts to, place by place."""

from __future__ import annotations

import pytest

from builder.cluster.discovery import Ear, Finding, changes, finding, remark
from builder.cluster.edit import Changes
from builder.head.upkeep.dnsmasq_log import event
from tests.unit.cluster.samples import HEAD, cluster, mac, node, serial

CLUSTER = cluster(f"{HEAD}nodes:\n{node(1)}{node(2)}  - {{number: 3}}\n")
FIRST, SECOND, THIRD = CLUSTER.nodes
NEW = mac(0x77)


def heard(*lines: str, known: frozenset[str] = frozenset()) -> Ear:
    ear = Ear(known)
    for line in lines:
        told = event(line)
        assert told is not None
        ear.hear(told)
    return ear


def test_a_board_that_asks_and_loads() -> None:
    lines = (
        f"DHCPDISCOVER(eth0) {NEW} ",
        f"DHCPOFFER(eth0) 10.42.0.200 {NEW} ",
        "sent /pxe/boot/bootcode.bin to 10.42.0.200",
    )
    assert heard(*lines).asked == {NEW: ""}
    assert not heard(*lines).content()
    ear = heard(*lines, "file /pxe/boot/00000077/start.elf not found for 10.42.0.200")
    assert ear.asked == {NEW: "00000077"}
    assert ear.content()


@pytest.mark.parametrize(
    "lines",
    [
        ["DHCPDISCOVER(eth0) 52:54:00:00:00:01 "],  # no Raspberry Pi
        [f"DHCPDISCOVER(eth0) {mac(1)} "],  # known to be on
        [f"DHCPREQUEST(eth0) 10.42.0.9 {NEW} "],  # a lease that is renewed
        ["file /pxe/boot/00000077/start.elf not found for 10.42.0.200"],  # nobody was offered that address
    ],
)
def test_who_is_not_taken_for_it(lines: list[str]) -> None:
    assert heard(*lines, known=frozenset({mac(1)})).asked == {}


FINDINGS = [
    (Finding(FIRST, mac(1), serial(1)[8:]), "as in cluster.yaml", {}),
    (Finding(FIRST, mac(1)), "as in cluster.yaml", {}),
    (Finding(FIRST, mac(1), "ab0000ff"), "its serial number is not ab000001", {"serial": "ab0000ff"}),
    (Finding(FIRST, NEW, "ab000077"), f"not {mac(1)}", {"serial": "ab000077"}),
    (
        Finding(FIRST, mac(2), "ab000002"),
        f"not {mac(1)}; cluster.yaml has it as node02",
        {"serial": "ab000002"},
    ),
    (Finding(THIRD, NEW, "ab000077"), "new", {"serial": "ab000077"}),
    (Finding(THIRD, NEW), "new; its serial number is not known: it was offered no address", {}),
    (Finding(THIRD, why="x"), "x", {}),
]


@pytest.mark.parametrize(("found", "said", "more"), FINDINGS)
def test_what_is_said_and_written(found: Finding, said: str, more: dict[str, str]) -> None:
    assert remark(CLUSTER, found) == said
    written = changes([found]).changed
    assert written == ({found.node.number: {"mac": found.mac, **more}} if found.news else {})


def test_a_serial_number_of_another_board_does_not_stay() -> None:
    # The place has another board, of which no serial number is known: nothing is better than half of it.
    assert changes([Finding(FIRST, NEW)]) == Changes()
    assert remark(CLUSTER, Finding(FIRST, NEW)).startswith(f"not {mac(1)}; its serial number is not known")


def test_none_and_several() -> None:
    assert finding(FIRST, {}, 60.0) == Finding(FIRST, why="no board asked within 60 s")
    assert finding(FIRST, {NEW: "", mac(5): ""}, 60.0).why == f"several asked: {mac(5)}, {NEW}"
