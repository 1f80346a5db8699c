# SPDX-License-Identifier: Apache-2.0
"""Overlay mounts: what is seen through a stack of deltas."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from builder.errors import LackingError
from builder.host import linux

_OPAQUE = "user.overlay.opaque"


def probe(folder: Path, target: Path) -> None:
    """Try in the empty `folder` what steps need of its file system; `target` is an empty mount point.

    Owners, attributes, and a directory that is removed and made again in the merged view. Raises
    LackingError when something of it does not work.
    """
    lower, upper, work = (folder / name for name in ("lower", "upper", "work"))
    try:
        for each in (lower, upper, work, lower / "folder"):
            each.mkdir()
        (lower / "folder/file").touch()
        os.chown(lower / "folder/file", 1, 1)
        mount_overlay([lower], target, upper=upper, work=work)
        shutil.rmtree(target / "folder")
        (target / "folder").mkdir()
        if os.getxattr(upper / "folder", _OPAQUE) not in (b"y", b"x"):
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _unfit(f"trying one: {(error.strerror or str(error)).lower()}") from error


def mount_overlay(
    stack: Sequence[Path], target: Path, *, upper: Path | None = None, work: Path | None = None
) -> None:
    """Mount `stack` (lowest first) at `target`, writable when `upper` and `work` are given."""
    # The kernel reads one page of options, which forty full paths would fill; so it gets short links.
    links = Path(tempfile.mkdtemp(dir="/run"))
    for number, path in enumerate(stack):
        (links / str(number)).symlink_to(path)
    names = [str(number) for number in reversed(range(len(stack)))]
    options = ["userxattr", f"lowerdir={':'.join(names)}"]
    if upper and work:
        # Nothing of a half-done step is ever used again, so nothing needs to be on the disk.
        options += [f"upperdir={upper}", f"workdir={work}", "volatile"]
    os.chdir(links)
    try:
        linux.mount("overlay", target, "overlay", 0, ",".join(options))
    except OSError as error:
        raise _unfit(f"overlay mount: {error.strerror}") from error
    finally:
        os.chdir("/")
        shutil.rmtree(links)


def _unfit(fact: str) -> LackingError:
    return LackingError(
        "the store's file system cannot hold overlay layers",
        facts=[fact],
        hint="place the store on ext4, xfs or btrfs: NODEBAKE_STORE=DIR",
    )
