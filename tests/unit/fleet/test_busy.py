# SPDX-License-Identifier: Apache-2.0
"""What keeps a node busy, as it tells it."""

from __future__ import annotations

import pytest

from builder.fleet.busy import business
from builder.fleet.order import Outcome


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ("load=2.50 1.20", "load 2.5"),
        ("load=2.50 0.10", ""),
        ("users=ann bob\ncontainers=2\nload=0 0", "logged in: ann, bob, containers running: 2"),
        ("load=nobody knows", ""),
        ("\x00\xff", ""),
    ],
)
def test_business(told: str, what: str) -> None:
    assert business(Outcome("node02", 0, told)) == what
