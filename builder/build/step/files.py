# SPDX-License-Identifier: Apache-2.0
"""Files, directories, links and deletions of the recipe's layers."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.build.bench import PROJECT, Bench
from builder.errors import StepError
from builder.plan.encode import decode
from builder.recipe.effect import Content, Delete, FromFile, Inline, MakeDirectory, MakeLink, WriteFile


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Carry out `inputs["effects"]` in order."""
    for effect in decode(inputs["effects"]):
        path = confined(bench.tree, effect.path)
        match effect:
            case WriteFile():
                _clear(path)
                path.write_bytes(read(effect.content))
                _own(path, effect, bench.tree)
            case MakeDirectory():
                path.mkdir(exist_ok=True)
                _own(path, effect, bench.tree)
            case MakeLink():
                _clear(path)
                path.symlink_to(effect.target)
            case Delete():
                _clear(path)
                if path.is_dir():
                    shutil.rmtree(path)
            case _:
                raise StepError(f"a files step cannot do {type(effect).__name__}")


def confined(tree: Path, relative: str) -> Path:
    """Where `relative` lies in the tree, its parents made; no link on the way leads out of it.

    Raises StepError when a parent is a file, or a link that leaves the tree.
    """
    folder = tree
    for part in Path(relative).parent.parts:
        folder = _follow(tree, folder / part)
        if not folder.exists():
            folder.mkdir()
        if not folder.is_dir():
            raise StepError(f"`{relative}` cannot be written: `{folder.relative_to(tree)}` is no directory")
    return folder / Path(relative).name


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


def _follow(tree: Path, path: Path) -> Path:
    """A link's target as seen with the tree as root."""
    for _ in range(40):
        if not path.is_symlink():
            return path
        target = str(path.readlink())
        joined = target if target.startswith("/") else f"/{path.parent.relative_to(tree)}/{target}"
        path = tree / os.path.normpath(joined).lstrip("/")
    raise StepError(f"`{path.relative_to(tree)}` is a loop of links")


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
