# SPDX-License-Identifier: Apache-2.0
"""Access times that do not tell who looked before.

mke2fs copies a file's atime and clamps it to the epoch. One that is older than the epoch moves when the
file is read, so a second image of the same tree would differ; from the epoch on, all become the epoch.
"""

from __future__ import annotations

import os
from pathlib import Path

from builder.errors import StepError


def settle_atimes(tree: Path, epoch: int) -> None:
    """Raise every access time below `tree` to the epoch, seconds since 1970, at least."""
    for folder, directories, files in os.walk(tree):
        for name in (*directories, *files):
            path = Path(folder, name)
            status = path.lstat()
            if status.st_atime < epoch:
                _raise_to(path, epoch, status.st_mtime_ns)


def _raise_to(path: Path, epoch: int, mtime: int) -> None:
    try:
        os.utime(path, ns=(epoch * 10**9, mtime), follow_symlinks=False)
    except OSError as error:
        raise StepError(
            f"`{path}` has an access time older than the build's epoch, and it cannot be set",
            facts=[error.strerror or str(error)],
        ) from error
