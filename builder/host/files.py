# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from builder.host import linux

_PATIENCE = 10


def replace_text(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it there; a file that was there keeps its mode."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        if path.exists():
            shutil.copymode(path, partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def point(link: Path, target: str) -> None:
    """Make `link` a symbolic link to `target`, with one rename where there was one."""
    partial = link.with_name(f".{link.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.rename(link)


def replace_folder(new: Path, place: Path) -> None:
    """Bring the folder `new` to `place`; what was there lies at `new` afterwards, if anything was.

    With one system call, so that at each moment the one or the other is there, where the file system
    can do that.
    """
    try:
        linux.exchange(new, place)
    except FileNotFoundError:
        new.rename(place)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
        aside = new.with_name(f"{new.name}.old")
        place.rename(aside)
        new.rename(place)
        aside.rename(new)


def remove_tree(path: Path) -> None:
    """Remove what an interrupted build left, if it is there.

    The kernel may still be ending its processes, one of which may write meanwhile: so try again for
    some seconds. Raises OSError when that does not help.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with suppress(FileNotFoundError):
                shutil.rmtree(path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EBUSY) or time.monotonic() > until:
                raise
        time.sleep(0.1)
