# SPDX-License-Identifier: Apache-2.0
"""Overlay mounts: what is seen through a stack of deltas."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from builder.errors import LackingError
from builder.host import linux


def mount_overlay(
    stack: Sequence[Path], target: Path, *, upper: Path | None = None, work: Path | None = None
) -> None:
    """Mount `stack` (lowest first) at `target`, writable when `upper` and `work` are given.

    All paths of the stack must share their parent's parent: the option string holds short names
    relative to it, for the kernel reads one page of options only.
    """
    lowers = [str(path) for path in reversed(stack)]
    options = ["userxattr", f"lowerdir={':'.join(lowers)}"]
    if upper and work:
        # Nothing of a half-done step is ever used again, so nothing needs to be on the disk.
        options += [f"upperdir={upper}", f"workdir={work}", "volatile"]
    text = ",".join(options)
    shared = os.path.commonpath(lowers)
    if len(text) > 3500:
        os.chdir(shared)
        text = text.replace(f"{shared}/", "")
    try:
        linux.mount("overlay", target, "overlay", 0, text)
    except OSError as error:
        raise LackingError(
            "the store's file system cannot hold overlay layers",
            facts=[f"overlay mount: {error.strerror}"],
            hint="place the store on ext4, xfs or btrfs: NODEBAKE_STORE=DIR",
        ) from error
    finally:
        os.chdir("/")
