# SPDX-License-Identifier: Apache-2.0
"""What the head is told of the inventory, and which nodes publishing is for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.cluster.cluster import Cluster
from builder.cluster.load import of_document
from builder.deploy.stock import chosen, forgotten, stock
from builder.errors import NodebakeError, RecipeError
from builder.head.node.inventory import dump, parse
from builder.recipe.yaml_tree import parse as parse_yaml

TEXT = """\
format: 1
head: {name: sevastopol, board: pi3bplus, address: 10.42.0.250}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
  wifi: {subnet: 192.168.1.0/24, first: 192.168.1.105, wireless: true}
defaults: {board: pi3b, network: lan}
nodes:
  - {number: 1, mac: "b8:27:eb:00:00:01"}
  - {number: 2, mac: "dc:a6:32:00:00:02", board: pi4, serial: 1a2b3c4d}
  - {number: 3}
  - {number: 17, mac: "b8:27:eb:00:00:11", board: pizerow, network: wifi}
"""


@pytest.fixture
def cluster() -> Cluster:
    problems: list[NodebakeError] = []
    found = of_document(parse_yaml("cluster.yaml", TEXT), problems)
    assert found, problems
    return found


def test_the_head_gets_what_boots_over_the_network(cluster: Cluster) -> None:
    known = stock(cluster)
    assert [(node.name, node.board, node.serial) for node in known.nodes] == [
        ("node01", "pi3b", ""),
        ("node02", "pi4", "1a2b3c4d"),
    ]
    assert (known.address, known.subnets) == ("10.42.0.250", ("10.42.0.0/24",))
    assert parse(dump(known)) == known


@pytest.mark.parametrize("words", [[], ["@all"]])
def test_all_means_all_that_can(cluster: Cluster, words: list[str]) -> None:
    assert [node.name for node in chosen(cluster, words)] == ["node01", "node02"]


def test_who_would_be_among_all(cluster: Cluster) -> None:
    """A Zero W never is, and who names nodes has not forgotten the others."""
    assert [node.name for node in forgotten(cluster, ["@all"])] == ["node03"]
    assert not forgotten(cluster, ["node01"])


@pytest.mark.parametrize("words", [[], ["@all"]])
def test_all_are_told_why_where_none_can(cluster: Cluster, words: list[str]) -> None:
    """Publishing said ` boots tiny`, of nobody, and was done."""
    alone = replace(cluster, nodes=cluster.nodes[2:])
    with pytest.raises(RecipeError, match=r"node\[03,17\] cannot boot over the network"):
        chosen(alone, words)
    assert chosen(replace(cluster, nodes=()), words) == ()


@pytest.mark.parametrize(
    ("word", "why"),
    [("3", "node03: its MAC address is not known"), ("17", "node17: a pizerow has no network boot")],
)
def test_who_cannot_is_told_why(cluster: Cluster, word: str, why: str) -> None:
    with pytest.raises(RecipeError, match="cannot boot over the network") as caught:
        chosen(cluster, [word])
    assert caught.value.facts == (why,)
