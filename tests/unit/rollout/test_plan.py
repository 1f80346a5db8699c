# SPDX-License-Identifier: Apache-2.0
"""Canaries and waves."""

from __future__ import annotations

import pytest

from builder.errors import RecipeError
from builder.rollout.orders import Wish
from builder.rollout.plan import Asked, Plan, Transport, waves

NODES = ("node01", "node02", "node03", "node04", "node05")


@pytest.mark.parametrize(
    ("canaries", "size", "made"),
    [
        ((), 8, (NODES,)),
        ((), 2, (NODES[:2], NODES[2:4], NODES[4:])),
        (("node03",), 4, (("node03",), ("node01", "node02", "node04", "node05"))),
        (NODES, 2, (NODES,)),
    ],
)
def test_waves(canaries: tuple[str, ...], size: int, made: tuple[tuple[str, ...], ...]) -> None:
    assert waves(NODES, canaries, size) == made


def test_what_makes_no_waves_is_refused() -> None:
    with pytest.raises(RecipeError, match="a wave of 0 nodes moves nobody"):
        waves(NODES, (), 0)
    with pytest.raises(RecipeError, match="the canary `node09` is none of the nodes"):
        waves(NODES, ("node09",), 4)


@pytest.mark.parametrize(
    ("transport", "together"), [("auto", {"b", "c", "d"}), ("http", set()), ("swarm", {"a", "b", "c", "d"})]
)
def test_many_take_the_image_from_each_other(transport: Transport, together: set[str]) -> None:
    plan = Plan("sdcard/1", "flasher/1", waves("abcd", ["a"], 3))
    wish = Wish(Asked(transport=transport))
    assert {node for node in "abcd" if wish.swarms(plan, node)} == together
