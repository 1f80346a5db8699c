# SPDX-License-Identifier: Apache-2.0
"""What a word on the command line names: a lock, a release, or a recipe's latest release or its lock."""

from __future__ import annotations

import json
from pathlib import Path

from builder.archive.locking import read_lock
from builder.cli.project import Project
from builder.cli.workspace import out_root
from builder.errors import RecipeError
from builder.lock.file import parse as parse_lock
from builder.lock.lock import Lock
from builder.release.manifest import Manifest
from builder.release.manifest import parse as parse_manifest

MANIFEST = "manifest.json"


def side(word: str, project: Project | None) -> Lock | Manifest:
    """A lock file, a release's folder or manifest, or else a recipe of `project`."""
    path = Path(word)
    if path.is_file():
        return _read(path)
    if (path / MANIFEST).is_file():
        return _read(path / MANIFEST)
    if project and _is_name(word):
        latest = out_root(project) / word / "latest" / MANIFEST
        if latest.is_file():
            return _read(latest)
        if lock := read_lock(lock_path(project, word)):
            return lock
    raise RecipeError(
        f"`{word}` is no lock, no release, and no recipe that was locked here",
        hint="name a lock file, a folder with a manifest.json, or a recipe",
    )


def lock_of(word: str, project: Project | None) -> Lock:
    """A lock file, or the lock of a recipe of `project`. Raises RecipeError."""
    found = read_lock(Path(word)) if Path(word).is_file() else None
    if not found and project and _is_name(word):
        found = read_lock(lock_path(project, word))
    if not found:
        raise RecipeError(
            f"`{word}` is no lock file, and no recipe that was locked here",
            hint="`nodebake lock RECIPE` makes one",
        )
    return found


def lock_path(project: Project, recipe: str) -> Path:
    """Where a recipe's lock lies."""
    return project.root / "locks" / f"{recipe}.lock"


def _is_name(word: str) -> bool:
    return Path(word).name == word


def _read(path: Path) -> Lock | Manifest:
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
    except ValueError as error:
        raise RecipeError(f"`{path}` is no lock and no release manifest") from error
    if isinstance(data, dict) and "request" in data:
        return parse_lock(text, path.name)
    return parse_manifest(text)
