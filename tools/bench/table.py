# SPDX-License-Identifier: Apache-2.0
"""The result as a Markdown table, and the place in a text where it goes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.bench.result import GOALS, RATIO

_BEGIN = re.compile(r"<!-- bench: (?P<rows>[a-z -]+) -->\n")
END = "<!-- /bench -->"
ALL = "all"
"""What a mark says that wants every row."""


def table(result: Mapping[str, Any], keys: Sequence[str] = (ALL,)) -> str:
    """The rows of these keys, then the machine in a line."""
    return "\n".join(_lines(result, keys)) + "\n"


def insert(text: str, result: Mapping[str, Any]) -> str:
    """`text` with the table between its two marks, of which the first names the rows. Raises ValueError."""
    mark = _BEGIN.search(text)
    end = text.find(END)
    if not mark or end < mark.end():
        raise ValueError(f"the text has no lines `<!-- bench: {ALL} -->` and `{END}`")
    keys = mark["rows"].split()
    unknown = set(keys) - {*GOALS, ALL}
    if unknown:
        raise ValueError(f"no comparison is called {', '.join(sorted(unknown))}")
    return text[: mark.end()] + table(result, keys) + text[end:]


def _lines(result: Mapping[str, Any], keys: Sequence[str]) -> Iterator[str]:
    yield "| what | nodebake | peer | ratio | goal | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in result["rows"]:
        if row["row"] not in keys and ALL not in keys:
            continue
        ratio = f"{row['value']:.2f}" if row["unit"] == RATIO else ""
        goal = f"≤ {row['goal']:g}" + ("" if row["unit"] == RATIO else f" {row['unit']}")
        peer = figure(row["peer"]) if row["peer"] else ""
        cells = (
            row["title"],
            figure(row["nodebake"]),
            peer,
            ratio,
            goal,
            "met" if row["met"] else "**not met**",
        )
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
    machine = result["machine"]
    yield ""
    yield (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['ram']}; {machine['kernel']}, "
        f"{machine['distribution']}, {machine['filesystem']}. "
        "Medians; of several runs the smallest and largest in parentheses."
    )


def figure(dumped: Mapping[str, Any]) -> str:
    """`58.1 CPU s (57.8-58.3)`: three digits that count."""
    spread = "" if dumped["runs"] == 1 else f" ({_digits(dumped['min'])}-{_digits(dumped['max'])})"
    return f"{_digits(dumped['median'])} {dumped['unit']}{spread}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
