# SPDX-License-Identifier: Apache-2.0
"""The bars of a rack: which place each number has, as the maker's byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from builder.cluster.reading import Reading
from builder.cluster.words import WordFault, numbers

PLACES = 15  # the low digit of the byte, from 1 to F
BARS = 16  # the high digit, from 0 to F
_NAME = re.compile(r"[A-Za-z0-9]{1,8}")


@dataclass(frozen=True)
class Place:
    """Where a node is: the bar, and the maker's byte for it."""

    bar: str
    byte: int


def read_bars(reading: Reading, bars: Mapping[str, str | int]) -> dict[int, Place]:
    """Number to place. A place without a node keeps its number."""
    places: dict[int, Place] = {}
    if len(bars) > BARS:
        reading.problem(f"{len(bars)} bars, and the maker's byte has room for {BARS}", "bars", key=True)
    for high, (name, text) in enumerate(bars.items()):
        if not _NAME.fullmatch(name):
            reading.problem(f"`{name}` is no name for a bar", "bars", name, key=True, hint="for instance `A`")
        try:
            found = sorted(numbers(str(text)))
        except WordFault as fault:
            reading.problem(fault.message, "bars", name, hint=fault.hint)
            continue
        if len(found) > PLACES:
            reading.problem(f"the bar `{name}` has {len(found)} places, not up to {PLACES}", "bars", name)
        for low, number in enumerate(found, 1):
            if number in places:
                other = places[number].bar
                reading.problem(f"{number} is in the bars `{other}` and `{name}`", "bars", name)
            places[number] = Place(name, high << 4 | low)
    return places
