# SPDX-License-Identifier: Apache-2.0
"""cluster.yaml, read: what it makes of each node, and each thing that it refuses."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from builder.cluster.cluster import Head, Node
from builder.cluster.load import load, require
from builder.errors import NodebakeError, Problems, RecipeError
from builder.recipe.sources import DictSources
from tests.unit.cluster.samples import HEAD, cluster, mac, node, problem, problems, sixty

DATA = Path(__file__).parents[2] / "data"


def test_a_node() -> None:
    found = cluster(sixty())
    assert len(found.nodes) == 60
    assert found.nodes[16] == Node(
        number=17,
        name="node17",
        mac="b8:27:eb:00:00:11",
        serial="ab000011",
        board="pi3b",
        network="wifi",
        address=IPv4Address("192.168.1.121"),
        bar="B",
        place=0x12,
        groups=("barB", "zeros", "odd"),
        recipe="",
        power="bladerunner",
    )
    assert [found.nodes[number - 1].place for number in (1, 15, 16, 31, 60)] == [0x01, 0x0F, 0x11, 0x21, 0x3F]
    assert found.nodes[34].address == IPv4Address("10.42.0.35")


def test_the_head_and_the_rest() -> None:
    found = cluster(sixty())
    assert found.head == Head(
        "sevastopol", "pi3bplus", IPv4Address("10.42.0.250"), IPv4Address("192.168.1.111"), "pi", "mains"
    )
    assert list(found.groups) == ["barA", "barB", "barC", "barD", "zeros", "odd"]
    assert found.groups["zeros"] == ("node17", "node18")
    assert found.power["mains"]["driver"] == "homematic"
    assert found.document.place(("power", "mains", "url")).line == 9
    assert found.networks["wifi"].wireless


def test_order_and_spelling_do_not_matter() -> None:
    upper = '{number: 2, mac: "B8:27:EB:0A:0B:0C", serial: AB0000FF}'
    found = cluster(f"{HEAD}nodes:\n{node(3)}  - {upper}\n")
    assert [(each.number, each.mac, each.serial) for each in found.nodes] == [
        (2, "b8:27:eb:0a:0b:0c", "ab0000ff"),
        (3, mac(3), "ab000003"),
    ]


def test_a_place_without_a_node_keeps_its_number() -> None:
    assert [each.place for each in cluster(f"{HEAD}nodes:\n{node(17)}{node(19)}").nodes] == [0x12, 0x14]


def test_a_node_of_its_own_kind() -> None:
    own = ", name: tiny, board: pi4, groups: [mine, odd], address: 10.42.0.99, recipe: minimal, power: mains"
    found = cluster(f"{HEAD}groups: {{odd: 1}}\nnodes:\n{node(1)}{node(70, own)}")
    tiny = found.nodes[1]
    assert (tiny.name, tiny.board, tiny.bar, tiny.place) == ("tiny", "pi4", "", None)
    assert (tiny.groups, tiny.recipe, tiny.power) == (("odd", "mine"), "minimal", "mains")
    assert found.groups["odd"] == ("node01", "tiny")


def test_no_file_is_no_cluster() -> None:
    found: list[NodebakeError] = []
    assert load(DictSources({}), found) is None
    assert not found
    with pytest.raises(RecipeError) as caught:
        require(DictSources({}))
    assert caught.value.render() == (
        "error: there is no `cluster.yaml` in the project\n"
        "hint: cp cluster.example.yaml cluster.yaml, and make it yours"
    )


def test_no_nodes_yet() -> None:
    for nodes in ("", "nodes:\n", "nodes: []\n"):
        assert cluster(HEAD + nodes).nodes == ()


def test_what_is_no_inventory() -> None:
    assert [each.message for each in problems("- 1\n")] == ["`cluster.yaml` wants a mapping, not a list"]
    assert [each.message for each in problems("format: 1\n")] == [
        "`head` is missing here",
        "`networks` is missing here",
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}\n"])
def test_an_empty_inventory(text: str) -> None:
    assert [each.render() for each in problems(text)] == [
        "cluster.yaml:1:1: error: `cluster.yaml` is empty\n"
        "hint: cp cluster.example.yaml cluster.yaml, and make it yours"
    ]


def test_an_inventory_of_a_newer_nodebake() -> None:
    text = HEAD.replace("format: 1", "format: 2") + "racks: {}\n"
    assert [each.message for each in problems(text)] == [
        "`cluster.yaml` has format 2, and this nodebake reads 1"
    ]


def test_everything_at_once() -> None:
    wrong = node(1) + node(1) + node(2, ", board: pi9, power: none") + "  - {number: 3, mac: x}\n"
    assert [each.message for each in problems(f"{HEAD}nodes:\n{wrong}")] == [
        "the number `1` is there twice",
        "the MAC address `b8:27:eb:00:00:01` is there twice",
        "the serial number `ab000001` is there twice",
        "`pi9` is no board",
        "`none` is no driver",
        "`x` is no MAC address: it looks like `b8:27:eb:01:02:03`",
    ]


def test_a_problem_has_its_place() -> None:
    assert problem("  - {number: 7}\n  - {number: 8, name: node07}\n") == (
        "cluster.yaml:13:23: error: the name `node07` is there twice\n"
        "  13 |   - {number: 8, name: node07}\n"
        "     |                       ^\n"
        "  first at cluster.yaml:12:14"
    )


def test_a_wrong_default_is_told_once() -> None:
    found = problems(sixty().replace("board: pi3b,", "board: pi3c,"))
    assert [each.message for each in found] == ["`pi3c` is no board"]
    assert found[0].place is not None
    assert found[0].place.line == 10


def test_what_is_not_yaml() -> None:
    assert problems("a: [")[0].message.startswith("this is not YAML")
    assert [each.message for each in problems("format: 1\nformat: 1\nnodes: []\n")] == [
        "the key `format` is there twice"
    ]


NODES = [
    ("{number: 1, mac: '01:00:5e:00:00:01'}", "`01:00:5e:00:00:01` is a multicast address: no board has it"),
    ("{number: 1, mac: '00:00:00:00:00:00'}", "`00:00:00:00:00:00` is nobody's address"),
    ("{number: 1, mac: b8-27-eb-00-00-01}", "`b8-27-eb-00-00-01` is no MAC address: it looks like"),
    ("{number: 1, serial: '1234'}", "`1234` is no serial number: it is 16 hex digits, or the last 8"),
    ("{number: 1, serial: 12345678}", "`serial` wants a string, not a number"),
    ("{number: 0}", "`number`: must be greater than or equal to 1"),
    ("{number: 1, name: No}", "`No` is no host name"),
    ("{number: 1, name: 1-3}", "`1-3` is no host name"),
    ("{number: 1, name: sevastopol}", "the name `sevastopol` is there twice"),
    ("{number: 1, network: lab}", "`lab` is no network"),
    ("{number: 250}", "the address `10.42.0.250` is there twice"),
    ("{number: 255}", "`10.42.0.255` of `node255` is no address of the network `lan`, `10.42.0.0/24`"),
    ("{number: 256}", "`node256` has no address on `lan`: `10.42.0.0/24` does not reach so far"),
    ("{number: 7, network: wifi}", "the address `192.168.1.111` is there twice"),
    ("{number: 1, address: 10.43.0.1}", "`10.43.0.1` of `node01` is no address of the network `lan`"),
    ("{number: 1, address: here}", "`here` is no IPv4 address"),
    ("{number: 1, groups: [all]}", "`@all` is every node: no group can be called so"),
    ("{number: 1, groups: [barA]}", "`@barA` is a bar: no group can be called so"),
    ("{number: 1, groups: [node01]}", "`node01` is a node: no group can be called so"),
    ("{number: 1, groups: ['a b']}", "`a b` is no name for a group"),
    ("{number: 1, groups: 1}", "`groups` wants a list, not a number"),
    ("{number: 1, board: pizerow}", "`node01` is a `pizerow`, which has no Ethernet, and the network `lan`"),
    ("{number: 1, nubmer: 2}", "unknown key `nubmer`"),
    ("{mac: 'b8:27:eb:00:00:01'}", "`number` is missing here"),
]


@pytest.mark.parametrize(("line", "message"), NODES)
def test_a_node_that_is_refused(line: str, message: str) -> None:
    told = problem(f"  - {line}\n")
    assert message in told
    assert told.startswith("cluster.yaml:12:")


HEADS = [
    ("board: pi3bplus", "board: pc", "`pc` is no board"),
    ("10.42.0.250, outside", "10.43.0.250, outside", "`10.43.0.250` is on none of the networks"),
    ("10.42.0.250, outside", "head, outside", "`head` is no IPv4 address"),
    ("power: mains}", "power: main}", "`main` is no driver"),
    ("first: 10.42.0.1}", "first: 10.42.0.0}", "`10.42.0.0` is no address of `10.42.0.0/24`"),
    ("10.42.0.0/24", "10.42.0.1/24", "`10.42.0.1/24` is no IPv4 network"),
    ("10.42.0.0/24", "lan", "`lan` is no IPv4 network"),
    (", first: 10.42.0.1", "", "`node01` has no address on `lan`: it names no `first`"),
    ("A: 1-15", "A: 1-16", "the bar `A` has 16 places, not up to 15"),
    ("B: 16-30", "B: 15-29", "15 is in the bars `A` and `B`"),
    ("A: 1-15", "A: 15-1", "`15-1` runs backwards"),
    ("A: 1-15", "A: '@all'", "`@all` is no range of numbers"),
    ("A: 1-15", "'A 1': 1-15", "`A 1` is no name for a bar"),
    ("board: pi3b, ", "", "`node01` has no board"),
    ("board: pi3b, ", "board: pizerow, ", "the nodes are a `pizerow`, which has no Ethernet"),
    ("network: lan, ", "", "`node01` has no network"),
    ("defaults", "groups: {a: '1-3'}\ndefaults", "there is no node `2-3`"),
    ("defaults", "groups: {a: '@b'}\ndefaults", "there is no group `@b`"),
    ("defaults", "groups: {a: [node01, node02]}\ndefaults", "there is no node `node02`"),
    ("defaults", "groups: {barA: 1}\ndefaults", "`@barA` is a bar: no group can be called so"),
    (
        "defaults",
        "groups: {a: 1,3-4}\ndefaults",
        "in `{…}` a comma ends the value: put `17-22,24-29` in quotes",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), HEADS)
def test_a_head_that_is_refused(old: str, new: str, message: str) -> None:
    assert old in HEAD
    told = [each.render() for each in problems(f"{HEAD.replace(old, new)}nodes:\n{node(1)}")]
    assert any(message in each for each in told), told
    assert all(each.startswith("cluster.yaml:") for each in told)


def test_all_problems_come_as_one_error() -> None:
    with pytest.raises(Problems) as caught:
        cluster(f"{HEAD}nodes:\n{node(1)}{node(1)}")
    assert caught.value.exit == 2


def test_a_file_in_format_1_is_read() -> None:
    found = cluster((DATA / "cluster-1.yaml").read_text())
    rows = [
        (node.name, node.mac, node.serial, node.board, node.network, str(node.address), node.bar, node.place)
        for node in found.nodes
    ]
    assert rows == [
        ("node01", "b8:27:eb:00:00:01", "ab000001", "pi3b", "lan", "10.42.0.1", "A", 0x01),
        ("node17", "b8:27:eb:00:00:11", "", "pizerow", "wifi", "192.168.1.121", "B", 0x12),
        ("tiny", "", "", "pi3b", "lan", "10.42.0.99", "", None),
    ]
    assert [(node.recipe, node.power) for node in found.nodes] == [
        ("minimal", "bladerunner"),
        ("tiny", "bladerunner"),
        ("minimal", "mains"),
    ]
    assert found.groups == {
        "barA": ("node01",),
        "barB": ("node17",),
        "few": ("node01", "node17"),
        "both": ("node01", "node17", "tiny"),
        "slow": ("node17",),
    }
    assert (found.head.name, found.head.user, found.head.power) == ("sevastopol", "pi", "mains")
    assert sorted(found.power) == ["bladerunner", "mains"]
