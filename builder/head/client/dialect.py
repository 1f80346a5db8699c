# SPDX-License-Identifier: Apache-2.0
"""The words of the control plane that no published text gives, each in one place and each to be overridden.

Published and seen in the field: the frame of a command and `XPowerRequest` with `id` and `on`. Published in
words only: exactly one reply to a command, which is a response or an error with an index and a status
code. Not published: how the state of nodes is asked, and how a bay's LED is lit. What stands here for
those is this project's assumption; docs/reference/control-plane.md tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PORT = 1236
NODES = 60
"""Nodes are numbered 1-60, in four bars of fifteen places."""


@dataclass(frozen=True)
class Words:
    """The names of commands. `status` and `led` are empty where a control plane has no such command."""

    target: str = "bladerunner"
    power: str = "XPowerRequest"
    status: str = "XStatusRequest"
    led: str = "XLedRequest"


def power_arguments(number: int, on: bool) -> dict[str, Any]:
    """What a power or LED request carries."""
    return {"id": number, "on": on}


def states(arguments: Mapping[str, Any]) -> dict[int, bool]:
    """The states in a response to a status request: `{"nodes": [{"id": 1, "on": true}, …]}`, or one pair.

    What is not of that shape is left out: of such a node nothing is known.
    """
    listed = arguments.get("nodes", [arguments])
    pairs = listed if isinstance(listed, list) else []
    found: dict[int, bool] = {}
    for pair in pairs:
        if isinstance(pair, Mapping):
            number, on = pair.get("id"), pair.get("on")
            if isinstance(number, int) and not isinstance(number, bool) and isinstance(on, bool):
                found[number] = on
    return found


def place(number: int) -> int:
    """The maker's byte for a node's place: bar A-D in the high digit, place 1-F in the low one."""
    bar, within = divmod(number - 1, 15)
    return bar << 4 | within + 1
