# SPDX-License-Identifier: Apache-2.0
"""Overlay mounts: what is seen through a stack of deltas."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from builder.errors import LackingError
from builder.host import linux


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
        raise LackingError(
            "the store's file system cannot hold overlay layers",
            facts=[f"overlay mount: {error.strerror}"],
            hint="place the store on ext4, xfs or btrfs: NODEBAKE_STORE=DIR",
        ) from error
    finally:
        os.chdir("/")
        shutil.rmtree(links)
