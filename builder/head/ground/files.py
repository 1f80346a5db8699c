# SPDX-License-Identifier: Apache-2.0
"""Files and links that appear whole or not at all, and trees made of links.

What is half made lies under names with a leading dot. Only the holder of the head's lock writes, so these
names are fixed, and running again replaces them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write(path: Path, data: str | bytes, mode: int = 0o644, *, lasting: bool = False) -> None:
    """Write a file beside its place and rename it there; its folder is made where it is missing.

    A `lasting` one is on the disk when this returns: state that nobody could find out anew after a loss of
    power. What is made in numbers is settled once, before anything goes by it (`machine.settle`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, mode)
        stream.write(data.encode() if isinstance(data, str) else data)
        if lasting:
            stream.flush()
            os.fsync(descriptor)
    partial.rename(path)
    if lasting:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def point(link: Path, target: str) -> None:
    """Make `link` point to `target` with one rename, whatever it was."""
    partial = link.with_name(f".{link.name}.part")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.rename(link)


def remove(path: Path) -> None:
    """Remove a tree, or a file, if it is there; under its own name it is never half there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        gone = path.with_name(f".{path.name}.gone")
        shutil.rmtree(gone, ignore_errors=True)
        path.rename(gone)
        shutil.rmtree(gone)


def clear(making: Path) -> None:
    """Make sure that nothing half made is at a name with a leading dot."""
    if making.is_symlink() or making.is_file():
        making.unlink()
    elif making.exists():
        shutil.rmtree(making)


def link_files(source: Path, target: Path) -> None:
    """Hard links in `target` to the files of `source` that it lacks; folders in it become links to them.

    A link of `source` is copied as it is: both folders stand equally deep.
    """
    for entry in sorted(os.scandir(source), key=lambda each: each.name):
        place = target / entry.name
        if place.is_symlink() or place.exists():
            continue
        if entry.is_symlink():
            place.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            place.symlink_to(os.path.relpath(entry.path, target))
        else:
            os.link(entry.path, place)
