# SPDX-License-Identifier: Apache-2.0
"""Schemas, the reference page and the fresh site.yaml follow the models."""

from __future__ import annotations

from pathlib import Path

from builder.recipe.layer import KINDS
from builder.recipe.reference import markdown
from builder.recipe.schema import json_schema, overlay_schema, site_schema
from builder.recipe.site_template import site_template
from tests.unit.recipe.project import KEY, recipe

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_up_to_date() -> None:
    # To write it anew: python -c 'from builder.recipe.reference import markdown; print(markdown(), end="")'
    assert (ROOT / "docs/reference/recipe.md").read_text() == markdown()


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]


def test_every_kind_has_a_file_and_every_file_is_a_kind() -> None:
    folder = ROOT / "builder/recipe/layer"
    assert sorted(KINDS) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def test_the_recipe_schema_knows_every_kind() -> None:
    schema = json_schema()
    forms = schema["properties"]["layers"]["items"]["oneOf"]
    assert [next(iter(form["properties"])) for form in forms] == list(KINDS)
    assert "users.User" in schema["$defs"]
    assert site_schema()["additionalProperties"] is False
    assert "templates" in overlay_schema()["properties"]


def test_a_fresh_site_file_is_valid() -> None:
    text = site_template([KEY], timezone="Europe/Berlin", ntp=["192.168.1.5"])
    layers = "layers: [{locale: {}}, {users: [{name: op, keys: site}]}]\n"
    head = "format: 1\nboards: [pi4]\noutputs: {image: {}}\n"
    found = recipe({"recipes/x.yaml": head + layers, "site.yaml": text})
    assert found.sources_list[0][1] == "http://ftp.debian.org/debian"
    assert recipe({"recipes/x.yaml": "format: 1\n", "site.yaml": site_template()}).base.name == "debian"
