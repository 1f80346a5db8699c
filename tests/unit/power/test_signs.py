# SPDX-License-Identifier: Apache-2.0
"""How far a line of dnsmasq's log says a node is, the simulator's lines included."""

from __future__ import annotations

import pytest

from builder.power.signs import Faces
from builder.power.simulate import boots
from builder.power.startup import Phase
from tests.unit.cluster.samples import HEAD, cluster, node

NODES = cluster(f"{HEAD}nodes:\n{node(1)}{node(2)}").nodes
FACES = Faces.of(NODES, up_at_ack=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dnsmasq-dhcp[1]: DHCPDISCOVER(eth0) b8:27:eb:00:00:01", (1, Phase.ASKS)),
        ("dnsmasq-dhcp[1]: DHCPREQUEST(eth0) 10.42.0.2 b8:27:eb:00:00:02", (2, Phase.ASKS)),
        ("DHCPACK(eth0) 10.42.0.2 b8:27:eb:00:00:02 node02", (2, Phase.UP)),
        ("dnsmasq-tftp[1]: sent /pxe/boot/start.elf to 10.42.0.1", (1, Phase.LOADS)),
        ("dnsmasq-tftp[1]: file /pxe/boot/x not found for 10.42.0.1", None),
        ("dnsmasq-dhcp[1]: DHCPOFFER(eth0) 10.42.0.1 b8:27:eb:00:00:01", None),
        ("dnsmasq-dhcp[1]: DHCPDISCOVER(eth0) b8:27:eb:00:00:99", None),
        ("kernel: eth0 up", None),
    ],
)
def test_lines(line: str, expected: tuple[int, Phase] | None) -> None:
    assert FACES.sign(line) == expected


def test_where_ssh_says_who_is_up_an_address_only_shows_the_way() -> None:
    line = "dnsmasq-dhcp[1]: DHCPACK(eth0) 10.42.0.2 b8:27:eb:00:00:02 node02"
    assert Faces.of(NODES, up_at_ack=False).sign(line) == (2, Phase.LOADS)


def test_simulated_nodes_are_read_like_real_ones() -> None:
    face = boots.Face("b8:27:eb:00:00:01", "10.42.0.1", "ab000001")
    lines = [*boots.asks(face, served=True), *boots.loads(face), *boots.runs(face)]
    seen = [sign[1] for line in lines if (sign := FACES.sign(line)) is not None]
    assert (seen[0], seen[1], seen[-1]) == (Phase.ASKS, Phase.LOADS, Phase.UP)
    assert [FACES.sign(line) for line in boots.asks(face, served=False)] == [(1, Phase.ASKS)]
