# SPDX-License-Identifier: Apache-2.0
"""The reference page follows the models."""

from __future__ import annotations

from builder.power.reference import markdown
from tests.unit.rules.source import ROOT

# Made before a test forbids sockets: what drivers import derives classes from them.
PAGE = markdown()


def test_the_reference_page_is_up_to_date() -> None:
    # To write it anew: python -c 'from builder.power.reference import markdown; print(markdown(), end="")'
    assert (ROOT / "docs/reference/power.md").read_text() == PAGE


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) > 25
    assert not [row for row in rows if row.endswith("|  |")]
