# SPDX-License-Identifier: Apache-2.0
"""Whether a node is busy: somebody is logged in, a container runs, it computes. Pure."""

from __future__ import annotations

import re

from builder.fleet.node import pairs
from builder.fleet.order import Outcome

LOAD = 0.8
"""From this load on, over one minute and over five, a node computes: after a boot only the first is high."""
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")


def business(outcome: Outcome) -> str:
    """What the node is busy with, in a few words; empty when it is not, or has not answered."""
    told = dict(pairs(outcome.stdout))
    users = told.get("users", "").split()
    containers = told.get("containers", "0")
    loads = [float(word) for word in told.get("load", "").split() if _NUMBER.fullmatch(word)]
    what = [f"logged in: {', '.join(users)}"] if users else []
    if containers != "0":
        what.append(f"containers running: {containers}")
    if loads and min(loads) >= LOAD:
        what.append(f"load {loads[0]:.1f}")
    return ", ".join(what)
