# SPDX-License-Identifier: Apache-2.0
"""Which devices of the operator's machine may be written to: cards in readers, files, never its own disks."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from builder.errors import LackingError, RecipeError, RefusedError

_SYS, _MOUNTS = Path("/sys"), Path("/proc/self/mountinfo")
_REMOVABLE_BUSES = ("/usb", "/mmc_host/")


def check(path: Path) -> None:
    """Raise what speaks against writing to `path`."""
    try:
        status = path.stat()
    except OSError as error:
        raise RecipeError(
            f"`{path}`: {(error.strerror or str(error)).lower()}", hint="`lsblk` shows the devices"
        ) from error
    if stat.S_ISBLK(status.st_mode):
        number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        check_device(path, (_SYS / "dev/block" / number).resolve(), _MOUNTS)
    elif not stat.S_ISREG(status.st_mode):
        raise RecipeError(f"`{path}` is neither a device nor a file", hint="name a card's device: `lsblk`")
    if not os.access(path, os.R_OK | os.W_OK):
        raise LackingError(f"`{path}` may not be written to by this user", hint="it takes root: sudo …")


def check_device(path: Path, folder: Path, mounts: Path) -> None:
    """Raise what speaks against writing to a block device; `folder` is where /sys tells of it."""
    if (folder / "partition").exists():
        raise RecipeError(
            f"`{path}` is a partition",
            hint=f"an image is a whole card: name /dev/{folder.parent.name}",
        )
    numbers = {each.read_text().strip() for each in (folder / "dev", *folder.glob("*/dev")) if each.is_file()}
    used = [row.split()[4] for row in mounts.read_text().splitlines() if row.split()[2] in numbers]
    if used:
        raise RefusedError(
            f"`{path}` is in use",
            facts=[f"mounted on {', '.join(used[:4])}"],
            hint="if it is the card: unmount that; if it is a disk of this machine: name another device",
        )
    removable = (folder / "removable").is_file() and (folder / "removable").read_text().strip() == "1"
    bus = any(word in f"{folder}/" for word in _REMOVABLE_BUSES)
    # A loop device is a file, and whoever made it knows which.
    if not (removable or bus or (folder / "loop").is_dir()):
        raise RefusedError(
            f"`{path}` is a disk of this machine and no card",
            facts=["it cannot be taken out, and hangs on neither USB nor a card slot"],
            hint="`lsblk -o NAME,RM,TRAN,SIZE,MODEL` shows which is the card",
        )
