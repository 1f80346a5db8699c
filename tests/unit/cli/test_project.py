# SPDX-License-Identifier: Apache-2.0
"""Finding the project, and settings of --set."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from builder.cli.project import parse_settings, project_of
from builder.errors import RecipeError


def test_the_nearest_folder_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "overlays" / "a"
    deep.mkdir(parents=True)
    (tmp_path / "recipes").mkdir()
    monkeypatch.chdir(deep)
    assert project_of(Namespace(project=None)).root == tmp_path


def test_the_folder_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    assert project_of(Namespace(project=tmp_path)).root == tmp_path


def test_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError) as raised:
        project_of(Namespace(project=None))
    assert raised.value.render() == (
        f"error: there is no folder `recipes` in `{tmp_path}` or above it\n"
        "hint: go to your project, or name it: --project DIR"
    )


def test_a_named_folder_without_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="holds no folder `recipes`"):
        project_of(Namespace(project=tmp_path))


def test_settings() -> None:
    assert parse_settings(["a=1", "b=x=y", "a=", "c= "]) == {"a": "", "b": "x=y", "c": " "}


@pytest.mark.parametrize("pair", ["a", "=1", ""])
def test_a_setting_that_is_none(pair: str) -> None:
    with pytest.raises(RecipeError, match="is not KEY=VALUE"):
        parse_settings([pair])
