# SPDX-License-Identifier: Apache-2.0
"""The table `NUMBER MAC`."""

from __future__ import annotations

from builder.cluster.mac_table import Row, parse, rows, text, with_names
from builder.errors import NodebakeError
from tests.unit.cluster.samples import HEAD, cluster, mac, node


def test_a_table() -> None:
    problems: list[NodebakeError] = []
    found = parse("t", "# which\n\n07 B8:27:EB:00:00:07  # new\n35\tb8:27:eb:00:00:35\n", problems)
    assert found == [Row(7, "b8:27:eb:00:00:07"), Row(35, "b8:27:eb:00:00:35")]
    assert not problems
    assert text(found) == "7 b8:27:eb:00:00:07\n35 b8:27:eb:00:00:35\n"


def test_lines_that_are_none() -> None:
    problems: list[NodebakeError] = []
    assert parse("t", "x\n7 b8:27\n8 01:00:5e:00:00:01\n9 b8:27:eb:00:00:09 node09\n", problems) == []
    assert [each.message for each in problems] == [
        "this is no line `NUMBER MAC`",
        "`b8:27` is no MAC address: it looks like `b8:27:eb:01:02:03`",
        "`01:00:5e:00:00:01` is a multicast address: no board has it",
        "this is no line `NUMBER MAC`",
    ]
    assert problems[2].render().startswith("t:3:1: error: ")


def test_the_table_of_an_inventory() -> None:
    nodes = cluster(f"{HEAD}nodes:\n{node(2, ', name: two')}{node(1)}  - {{number: 3}}\n").nodes
    assert text(rows(nodes)) == f"1 {mac(1)}\n2 {mac(2)}\n"
    assert with_names(nodes) == f"1 {mac(1)}\n2 {mac(2)} two\n"
