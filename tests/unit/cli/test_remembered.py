# SPDX-License-Identifier: Apache-2.0
"""A recipe that was resolved before comes back the same, and is read anew when anything is another."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.cli import remembered
from builder.cli.project import Project
from builder.cli.remembered import Resolved, resolved
from builder.errors import Problems
from builder.recipe import resolve as resolving
from tests.unit.recipe.project import KEY
from tests.unit.rules.source import ROOT

SITE = f"format: 1\nauthorized_keys: ['{KEY}']\narchives: {{debian: 'http://mirror/debian'}}\n"
RECIPE = """\
format: 1
boards: [pi4]
variables: {motd: {default: hello}, names: {type: list, default: [one, two]}}
layers:
  - users: [{name: op, keys: site}]
  - files: welcome
outputs: {image: {}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    overlay = root / "overlays/welcome"
    (overlay / "etc").mkdir(parents=True)
    (root / "recipes").mkdir()
    (root / "recipes/x.yaml").write_text(RECIPE)
    (overlay / "overlay.yaml").write_text("templates: [etc/motd]\n")
    (overlay / "etc/motd").write_text("{{ motd }}\n")
    (overlay / "etc/plain").write_text("text")
    (root / "site.yaml").write_text(SITE)
    return Project(root)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store/resolved").mkdir(parents=True)
    return tmp_path / "store"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of recipes that were read, for real."""
    found: list[str] = []
    original = resolving.resolve

    def counted(*arguments: object) -> object:
        found.append(str(arguments[1]))
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(resolving, "resolve", counted)
    return found


def test_it_is_read_once(project: Project, store: Path, reads: list[str]) -> None:
    first = resolved(project, "x", {}, store)
    assert resolved(project, "x", {}, store) == first
    assert first == Resolved(project.recipe("x"), {"debian": "http://mirror/debian"})
    assert reads == ["x"] * 2  # the second time by the line above


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml")))
def test_every_recipe_of_ours_comes_back(name: str, tmp_path: Path, store: Path, reads: list[str]) -> None:
    for folder in ("recipes", "overlays"):
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True)
    shutil.copy(ROOT / "cluster.example.yaml", tmp_path / "cluster.yaml")
    (tmp_path / "site.yaml").write_text(SITE)
    first = resolved(Project(tmp_path), name, {}, store)
    assert resolved(Project(tmp_path), name, {}, store) == first
    assert reads == [name]


def touch_nothing(root: Path) -> None:
    """The same bytes, written again."""
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes())


CHANGES: dict[str, Callable[[Path], object]] = {
    "recipe": lambda root: (root / "recipes/x.yaml").write_text(
        (root / "recipes/x.yaml").read_text() + "summary: another\n"
    ),
    "site": lambda root: (root / "site.yaml").write_text(SITE + "ntp: [10.0.0.1]\n"),
    "mirror": lambda root: (root / "site.yaml").write_text(SITE.replace("mirror", "other")),
    "no site": lambda root: (root / "site.yaml").unlink(),
    "cluster": lambda root: shutil.copy(ROOT / "cluster.example.yaml", root / "cluster.yaml"),
    "file": lambda root: (root / "overlays/welcome/etc/plain").write_text("TEXT"),
    "template": lambda root: (root / "overlays/welcome/etc/motd").write_text("other {{ motd }}"),
    "mode": lambda root: (root / "overlays/welcome/etc/plain").chmod(0o755),
    "new file": lambda root: (root / "overlays/welcome/etc/new").write_text(""),
    "new folder": lambda root: (root / "overlays/welcome/var").mkdir(),
    "gone": lambda root: (root / "overlays/welcome/etc/plain").unlink(),
    "link": lambda root: (root / "overlays/welcome/etc/link").symlink_to("plain"),
    "declaration": lambda root: (root / "overlays/welcome/overlay.yaml").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change: str, project: Project, store: Path, reads: list[str]) -> None:
    resolved(project, "x", {}, store)
    CHANGES[change](project.root)
    try:
        expected = Resolved(project.recipe("x"), {"debian": "http://mirror/debian"})
    except Problems as problems:
        with pytest.raises(Problems) as raised:
            resolved(project, "x", {}, store)
        assert raised.value.render() == problems.render()
        return
    if change == "mirror":
        expected = Resolved(expected.recipe, {"debian": "http://other/debian"})
    reads.clear()
    assert resolved(project, "x", {}, store) == expected
    assert reads == ["x"]


def test_the_same_bytes_written_again_are_no_change(project: Project, store: Path, reads: list[str]) -> None:
    resolved(project, "x", {}, store)
    touch_nothing(project.root)
    resolved(project, "x", {}, store)
    assert reads == ["x"]


def test_settings_and_program_are_told_apart(
    project: Project, store: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved(project, "x", {}, store)
    assert resolved(project, "x", {"motd": "ahoy"}, store).recipe == project.recipe("x", ["motd=ahoy"])
    reads.clear()
    assert resolved(project, "x", {}, store).recipe == project.recipe("x")
    assert reads == ["x", "x"]
    monkeypatch.setattr(remembered, "_program", lambda: ["another"])
    resolved(project, "x", {}, store)
    assert reads == ["x", "x", "x"]


def test_a_changed_file_of_the_program_makes_it_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_PROGRAM", tmp_path)
    (tmp_path / "base").mkdir()
    for name in ("a.py", "base/debian.yaml"):
        (tmp_path / name).write_text("one")
    former = remembered._program()
    assert remembered._program() == former
    (tmp_path / "notes").write_text("no code")
    assert remembered._program() == former
    os.utime(tmp_path / "base/debian.yaml", (0, 0))
    assert remembered._program() != former


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"\xff", b'{"format": 1}', "format", "by", "asked", "recipe", "archives", "seal"],
)
def test_what_cannot_be_read_is_read_anew(
    damage: bytes | str, project: Project, store: Path, reads: list[str]
) -> None:
    first = resolved(project, "x", {}, store)
    (path,) = (store / "resolved").iterdir()
    if isinstance(damage, str):
        damage = json.dumps({**json.loads(path.read_text()), damage: 7}).encode()
    path.write_bytes(damage)
    assert resolved(project, "x", {}, store) == first
    assert reads == ["x", "x"]


def test_without_a_store_it_is_read_each_time(project: Project, tmp_path: Path, reads: list[str]) -> None:
    for _ in range(2):
        resolved(project, "x", {}, tmp_path / "none")
    assert reads == ["x", "x"]
    assert not (tmp_path / "none").exists()


def test_of_two_projects_neither_is_taken_for_the_other(
    project: Project, store: Path, tmp_path: Path
) -> None:
    other = Project(tmp_path / "other")
    shutil.copytree(project.root, other.root)
    (other.root / "recipes/x.yaml").write_text((project.root / "recipes/x.yaml").read_text() + "summary: o\n")
    assert resolved(project, "x", {}, store).recipe.summary == ""
    assert resolved(other, "x", {}, store).recipe.summary == "o"
    assert resolved(project, "x", {}, store).recipe.summary == ""
