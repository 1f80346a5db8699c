# SPDX-License-Identifier: Apache-2.0
"""The result as a Markdown table, and the place in a text where it goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.bench.result import RATIO

BEGIN = "<!-- bench: written by `make bench` -->"
END = "<!-- /bench -->"


def table(result: Mapping[str, Any]) -> str:
    """Rows, then the machine in a line."""
    return "\n".join(_lines(result)) + "\n"


def insert(text: str, fresh: str) -> str:
    """`text` with `fresh` between the two marks. Raises ValueError where they are not."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text has no lines `{BEGIN}` and `{END}`")
    return f"{head}{BEGIN}\n{fresh}{END}{tail}"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| what | nodebake | peer | ratio | goal | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in result["rows"]:
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
