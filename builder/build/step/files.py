# SPDX-License-Identifier: Apache-2.0
"""Files, directories, links and deletions of the recipe's layers."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from builder.build.bench import PROJECT, Bench
from builder.errors import StepError
from builder.plan.encode import decode
from builder.recipe.effect import Content, Delete, FromFile, Inline, MakeDirectory, MakeLink, WriteFile
from builder.recipe.globs import is_glob, matching

_MOST_LINKS = 40


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Carry out `inputs["effects"]` in order."""
    for effect in decode(inputs["effects"]):
        if isinstance(effect, MakeDirectory):
            _own(directory(bench.tree, effect.path), effect, bench.tree)
            continue
        if isinstance(effect, Delete):
            for path in named(bench.tree, effect.path):
                _clear(path)
                if path.is_dir():
                    shutil.rmtree(path)
            continue
        path = confined(bench.tree, effect.path)
        match effect:
            case WriteFile():
                _clear(path)
                path.write_bytes(read(effect.content))
                _own(path, effect, bench.tree)
            case MakeLink():
                _clear(path)
                path.symlink_to(effect.target)
            case _:
                raise StepError(f"a files step cannot do {type(effect).__name__}")


def confined(tree: Path, relative: str) -> Path:
    """Where `relative` lies in the tree, its parents made; its last part is not followed.

    Raises StepError when a parent is a file, or a loop of links.
    """
    return directory(tree, str(Path(relative).parent)) / Path(relative).name


def directory(tree: Path, relative: str) -> Path:
    """The directory `relative` of the tree, made if it is not there.

    Every link on the way is read with the tree as root, one part at a time: the kernel would take
    it out of the tree. Raises StepError when a part is a file, or a loop of links.
    """
    return _led(tree, relative, make=True)


def _led(tree: Path, relative: str, *, make: bool) -> Path:
    """Where the directory `relative` leads, whether it is there or, unless it is to be made, is not."""
    real = tree
    todo = list(reversed(Path(relative).parts))
    links = 0
    while todo:
        part = todo.pop()
        path = real / part
        if part in ("/", ".."):
            real = real.parent if part == ".." and real != tree else tree
        elif path.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                raise StepError(f"`{relative}` leads into a loop of links")
            todo += reversed(path.readlink().parts)
        else:
            if make and not path.exists():
                path.mkdir()
            if path.exists() and not path.is_dir():
                raise StepError(f"`{relative}` cannot be a directory: `{path.relative_to(tree)}` is none")
            real = path
    return real


def named(tree: Path, pattern: str) -> list[Path]:
    """What a path, or a glob where it is there, names in the tree; a glob's wild part enters no link."""
    parts = Path(pattern).parts
    fixed = list(takewhile(lambda part: not is_glob(part), parts))
    if len(fixed) == len(parts):
        return [_led(tree, str(Path(*fixed[:-1])), make=False) / parts[-1]]
    top = _led(tree, str(Path(*fixed)), make=False)
    inside = [
        str((Path(folder) / name).relative_to(top))
        for folder, folders, files in os.walk(top)
        for name in (*folders, *files)
    ]
    return [top / path for path in sorted(matching(str(Path(*parts[len(fixed) :])), inside))]


def read(content: Content) -> bytes:
    """The bytes of a content. Raises StepError when a file has changed since the plan was made."""
    match content:
        case Inline(data):
            return data
        case FromFile(source, sha256):
            data = (PROJECT / source).read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise StepError(f"`{source}` has changed while it was being built", hint="build again")
            return data


def _clear(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()


def _own(path: Path, effect: WriteFile | MakeDirectory, tree: Path) -> None:
    uid = _number(effect.owner, tree / "etc/passwd")
    gid = _number(effect.group, tree / "etc/group")
    os.chown(path, uid, gid)
    path.chmod(effect.mode)


def _number(name: str, database: Path) -> int:
    """A user's or group's number in the tree."""
    if name.isdecimal():
        return int(name)
    if name == "root":
        return 0
    for line in database.read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2])
    raise StepError(
        f"the tree has no `{name}` in /etc/{database.name}", hint="add it by a users layer that comes first"
    )
