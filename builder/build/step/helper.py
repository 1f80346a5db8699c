# SPDX-License-Identifier: Apache-2.0
"""The helper: a native root of the tree's suite, unpacked and never configured.

Its programs make bytes (mke2fs, zstd) and stand in for the tree's foreign ones. None of that
needs maintainer scripts to have run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.build.step.usr import KEPT, merge
from builder.host.process import run

_EXTRACT = f'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" {KEPT}'
MOUNT_POINTS = ("dev", "proc", "run", "tmp", "mnt")


def unpack(inputs: Mapping[str, Any], root: Path, debs: Path, log: Path) -> None:
    """Unpack the helper's packages into the empty directory `root`."""
    if not inputs["merged_usr"]:
        # That of the loader, too, on amd64.
        merge(root, "lib64")
    for sha256 in inputs["debs"]:
        run(["sh", "-c", _EXTRACT, "sh", str(debs / f"{sha256}.deb"), str(root)], log=log)
    for name in ("passwd", "group"):
        shutil.copyfile(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    for name in MOUNT_POINTS:
        (root / name).mkdir(exist_ok=True)
