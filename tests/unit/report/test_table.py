# SPDX-License-Identifier: Apache-2.0
"""Columns."""

from __future__ import annotations

from builder.report.table import table


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    assert list(table(("A", "LONG", ""), [("aaa", "b", "x"), ("", "c", "")])) == [
        "A    LONG",
        "aaa  b     x",
        "     c",
    ]


def test_a_head_alone() -> None:
    assert list(table(("A", "B"), [])) == ["A  B"]
