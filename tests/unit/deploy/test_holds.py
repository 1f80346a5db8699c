# SPDX-License-Identifier: Apache-2.0
"""Until when nodes are held, as the operator says it."""

from __future__ import annotations

from datetime import datetime

import pytest

from builder.deploy.holds import seconds
from builder.errors import RecipeError

NOW = datetime(2026, 12, 4, 12).timestamp()


@pytest.mark.parametrize(
    ("until", "end"),
    [("2026-12-05", datetime(2026, 12, 5)), ("2026-12-04T12:01", datetime(2026, 12, 4, 12, 1))],
)
def test_a_date(until: str, end: datetime) -> None:
    assert seconds(until, NOW) == end.timestamp()
    assert seconds("", NOW) == 0


@pytest.mark.parametrize("until", ["2026-12-04", "2026-12-04T12:00", "1960-01-01"])
def test_what_is_over_already(until: str) -> None:
    with pytest.raises(RecipeError) as raised:
        seconds(until, NOW)
    assert raised.value.render() == (
        f"error: `--until {until}` is over already\nhint: a date without a time is its midnight, as it begins"
    )


def test_what_is_no_date() -> None:
    with pytest.raises(RecipeError, match="`--until soon` is no date"):
        seconds("soon", NOW)
