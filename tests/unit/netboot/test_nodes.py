# SPDX-License-Identifier: Apache-2.0
"""Which nodes cannot boot a recipe over the network, and why."""

from __future__ import annotations

from dataclasses import replace

from builder.netboot.nodes import LEFT, too_small, unfit
from tests.unit.cluster.samples import HEAD, cluster, node, sixty
from tests.unit.recipe.project import SITE, recipe
from tests.unit.release.samples import NETBOOT

X = "format: 1\nboards: [pi3b]\nlayers:\n  - users: [{name: me, keys: site}]\noutputs: {netboot: {}}\n"
FOUND = recipe({"recipes/x.yaml": X, "site.yaml": SITE})


def test_wireless_nodes_cannot() -> None:
    (error,) = unfit(FOUND, cluster(sixty()), cluster(sixty()).nodes)
    assert error.render() == (
        "error: `node[17-18]` cannot boot `x`: `wifi` is wireless, and a boot ROM knows Ethernet\n"
        "hint: give it a card"
    )


def test_each_reason_is_told_once() -> None:
    text = f"{HEAD}nodes:\n{node(1, ', board: pi4')}{node(2, ', board: pi4')}{node(3)}  - {{number: 4}}\n"
    found = cluster(text)
    assert [(error.message, error.hint) for error in unfit(FOUND, found, found.nodes)] == [
        ("`node[01-02]` cannot boot `x`: it is not made for `pi4`", "add it to the recipe's boards: pi3b"),
        (
            "`node04` cannot boot `x`: the head knows who asks by a MAC address, and none is known",
            "nodebake nodes discover",
        ),
    ]


def test_a_root_in_memory_must_fit() -> None:
    found = cluster(f"{HEAD}nodes:\n{node(1)}{node(2)}")
    assert NETBOOT.netboot
    ram = replace(NETBOOT.netboot, mode="ram", needs=(1024 << 20) - LEFT)
    assert too_small("x", ram, found, found.nodes) == []
    (error,) = too_small("x", replace(ram, needs=ram.needs + 1), found, found.nodes)
    assert error.message == (
        "`node[01-02]` cannot boot `x`: a `pi3b` has 1024 MiB of memory, "
        "its root takes 768, and 256 must be left"
    )
    assert too_small("x", replace(ram, mode="shared", needs=1 << 40), found, found.nodes) == []
