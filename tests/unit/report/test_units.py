# SPDX-License-Identifier: Apache-2.0
"""Seconds and bytes as people read them."""

from __future__ import annotations

import pytest

from builder.report import units


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0.0 s"), (61.23, "61.2 s"), (119.9, "119.9 s"), (185.2, "3 min 05 s")]
)
def test_seconds(count: float, text: str) -> None:
    assert units.seconds(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (3_400, "3.4 kB"),
        (999_960, "1.0 MB"),
        (1.2e9, "1.2 GB"),
        (5e12, "5000.0 GB"),
    ],
)
def test_size(count: float, text: str) -> None:
    assert units.size(count) == text


def test_counted() -> None:
    assert [units.counted(count, "node") for count in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
