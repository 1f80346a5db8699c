# SPDX-License-Identifier: Apache-2.0
"""The firmware's config.txt from lines and the filters that they stand under; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby


def config_txt(rows: Sequence[Sequence[str]]) -> str:
    """The text of pairs (filter, line); a filter "" is `all`, and what is added later holds for all."""
    lines: list[str] = []
    for section, group in groupby(rows, key=lambda row: row[0]):
        lines.append(f"[{section or 'all'}]")
        lines += [line for _, line in group]
    return "".join(f"{line}\n" for line in [*lines, "[all]"])
