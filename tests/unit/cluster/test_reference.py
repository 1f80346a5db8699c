# SPDX-License-Identifier: Apache-2.0
"""The reference page and the schema follow the models."""

from __future__ import annotations

from pathlib import Path

from builder.cluster.reference import cluster_schema, markdown

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_up_to_date() -> None:
    # To write it anew: python -c 'from builder.cluster.reference import markdown; print(markdown(), end="")'
    assert (ROOT / "docs/reference/cluster.md").read_text() == markdown()


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_schema_knows_every_part() -> None:
    schema = cluster_schema()
    assert schema["additionalProperties"] is False
    assert sorted(schema["$defs"]) == ["DefaultsModel", "HeadModel", "NetworkModel", "NodeModel", "SshModel"]
