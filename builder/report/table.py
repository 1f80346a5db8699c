# SPDX-License-Identifier: Apache-2.0
"""Columns, as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of the head and the rows, columns two spaces apart."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
