# SPDX-License-Identifier: Apache-2.0
"""A project folder on disk, as the recipe room's `Sources`. It never follows a link out of the project."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from builder.errors import RecipeError
from builder.recipe.sources import OutsideError, SourceEntry


class FolderSources:
    """The folder `root`. Nothing is kept between calls: a file may change under us."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def read(self, path: str) -> bytes:
        found = self._inside(path)
        if not found.is_file():
            raise FileNotFoundError(path)
        try:
            return found.read_bytes()
        except PermissionError:
            raise _unreadable(path) from None

    def exists(self, path: str) -> bool:
        try:
            return self._inside(path).exists()
        except OutsideError:
            return False

    def names(self, directory: str) -> list[str]:
        folder = self._inside(directory)
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []

    def walk(self, directory: str) -> list[SourceEntry]:
        top = self._inside(directory)
        if not top.is_dir():
            return []
        entries: list[SourceEntry] = []
        for folder, folders, files in os.walk(top):
            for name in [*folders, *files]:
                real = Path(folder) / name
                path = f"{directory.rstrip('/')}/{real.relative_to(top).as_posix()}"
                entries.append(_entry(path, real))
        return sorted(entries)

    def _inside(self, path: str) -> Path:
        """The real path of `path`, links followed, which must lie in the project."""
        try:
            real = (self.root / path).resolve()
        except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL in the name
            raise OutsideError(path) from None
        if not real.is_relative_to(self.root):
            raise OutsideError(path)
        return real


def _unreadable(path: str) -> RecipeError:
    return RecipeError(f"`{path}` may not be read", hint=f"chmod u+r {path}")


def _entry(path: str, real: Path) -> SourceEntry:
    state = real.lstat()
    if stat.S_ISLNK(state.st_mode):
        return SourceEntry(path, "l", target=str(real.readlink()))
    if stat.S_ISDIR(state.st_mode):
        return SourceEntry(path, "d")
    if not stat.S_ISREG(state.st_mode):
        return SourceEntry(path, "o")
    try:
        with real.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        raise _unreadable(path) from None
    return SourceEntry(path, "f", bool(state.st_mode & 0o111), state.st_size, digest)
