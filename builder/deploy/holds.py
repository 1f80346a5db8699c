# SPDX-License-Identifier: Apache-2.0
"""Held nodes, as the head keeps them."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from builder.errors import RecipeError
from builder.head.node.holds import Hold


def who() -> str:
    """Who asks, as others will read it."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def holds_of(answer: Any) -> list[Hold]:
    """The holds that nodebake-head told of."""
    return [Hold(**each) for each in answer]


def seconds(until: str, now: float) -> int:
    """`2026-12-04` or `2026-12-04T18:00`, of this machine's clock, in seconds since 1970; 0 for nothing.

    Raises RecipeError for what is no date, or over at `now`.
    """
    if not until:
        return 0
    try:
        end = int(datetime.fromisoformat(until).timestamp())
    except ValueError:
        raise RecipeError(
            f"`--until {until}` is no date", hint="for instance 2026-12-04 or 2026-12-04T18:00"
        ) from None
    if end <= now:
        raise RecipeError(
            f"`--until {until}` is over already", hint="a date without a time is its midnight, as it begins"
        )
    return end


def lines(holds: Iterable[Hold]) -> list[str]:
    """A line on each."""
    return [f"{each.node}  {why(each)}" for each in holds]


def why(hold: Hold) -> str:
    """By whom, why and for how long."""
    until = f", until {datetime.fromtimestamp(hold.until):%Y-%m-%d %H:%M}" if hold.until else ""
    reason = f": {hold.reason}" if hold.reason else ""
    return f"held by {hold.by}{until}{reason}"
