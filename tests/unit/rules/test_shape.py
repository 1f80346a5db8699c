# SPDX-License-Identifier: Apache-2.0
"""The shape of files: small, licensed, named after what they do, finished."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.unit.rules.source import ROOT, Source, of_builder, of_tests, of_tools

LINES = 400
BANNED = ("util", "utils", "helpers", "common", "manager", "context")
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]))
# Kept apart so that this file does not offend against its own rule.
DEBIAN_HOST = re.compile(r"\b[\w.-]+\.debian" + r"\.(org|net)\b")
LICENCE = "SPDX-License-Identifier: Apache-2.0"
SCRIPTS = ("Makefile", "tools/setup", "tools/shell-scripts", ".ci/run")


def programs() -> list[Source]:
    return [*of_builder(), *of_tools()]


def everything() -> list[Source]:
    return [*programs(), *of_tests()]


def test_no_file_is_long() -> None:
    lengths = {source.path: source.text.count("\n") for source in everything()}
    assert not {path: length for path, length in lengths.items() if length >= LINES}


def test_names_say_something() -> None:
    named = [(source.path, name) for source in programs() for name in _names(source.path, source.tree)]
    assert not [(path, name) for path, name in named if any(part in BANNED for part in _words(name))]


def test_every_source_file_names_its_licence() -> None:
    files = [source.path for source in everything() if LICENCE not in source.text[:200]]
    files += [str(path) for path in map(Path, SCRIPTS) if LICENCE not in (ROOT / path).read_text()[:300]]
    files += [
        str(path.relative_to(ROOT))
        for pattern in (
            "builder/**/*.c",
            "builder/**/*.yaml",
            "recipes/**/*.yaml",
            "overlays/**/overlay.yaml",
        )
        for path in ROOT.glob(pattern)
        if LICENCE not in path.read_text(encoding="utf-8")[:300]
    ]
    assert not files


def test_only_the_table_of_archives_names_their_hosts() -> None:
    found = {source.path for source in programs() if DEBIAN_HOST.search(source.text)}
    assert found <= {"builder/base/archives.py"}


def test_no_other_file_of_the_project_names_a_mirror() -> None:
    files = [*ROOT.glob("recipes/**/*"), *ROOT.glob("overlays/**/*"), *(ROOT / path for path in SCRIPTS)]
    text = {
        path: path.read_text(errors="replace") for path in files if path.is_file() and not path.is_symlink()
    }
    assert not [str(path) for path, content in text.items() if DEBIAN_HOST.search(content)]


def test_nothing_is_left_to_do() -> None:
    assert not [source.path for source in everything() if UNFINISHED.search(source.text)]


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {Path(source.path).parent for source in of_tests()}
    assert not [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()]


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= 120


def _names(path: str, tree: ast.Module) -> list[str]:
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [*Path(path).with_suffix("").parts, *classes]


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
