# SPDX-License-Identifier: Apache-2.0
"""A disk as slow as the head's card, and a group with as little memory: for root, undone at the end.

A loop device with a file system of its own. Writes are counted by the kernel where they reach the device, so
what a program leaves in the page cache costs it nothing until it waits for the disk, as on a real card.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

RATE = 15 << 20
MEMORY = 1 << 30
_SIZE = 4 << 30
_GROUPS = Path("/sys/fs/cgroup")


class Unable(Exception):
    """This machine cannot make such a disk."""


@dataclass(frozen=True)
class Card:
    """`place` is where it is mounted; `limited` puts the calling process into the group."""

    place: Path
    limited: tuple[str, ...]


@contextmanager
def card(work: Path) -> Iterator[Card]:
    """A mounted card below `work`. Raises Unable where one cannot be made."""
    if os.geteuid() != 0:
        raise Unable("a disk with a limit is for root to make")
    image, place = work / "card.img", work / "card"
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        with image.open("wb") as stream:
            stream.truncate(_SIZE)
        undo.callback(image.unlink)
        loop = _run("losetup", "--find", "--show", str(image)).strip()
        undo.callback(_run, "losetup", "--detach", loop)
        _run("mke2fs", "-q", "-F", "-t", "ext4", loop)
        _run("mount", "-o", "noatime", loop, str(place))
        # A child of a peer that failed may still be at it.
        undo.callback(_run, "umount", "--lazy", str(place))
        with _slow(loop), _small() as limited:
            yield Card(place, limited)


@contextmanager
def device(work: Path, size: int) -> Iterator[str]:
    """A blank card of `size` bytes, as a device with no file system. Raises Unable where none can be made."""
    if os.geteuid() != 0:
        raise Unable("a disk with a limit is for root to make")
    image = work / "bare-card.img"
    with ExitStack() as undo:
        with image.open("wb") as stream:
            stream.truncate(size)
        undo.callback(image.unlink)
        loop = _run("losetup", "--find", "--show", "--direct-io=on", str(image)).strip()
        undo.callback(_run, "losetup", "--detach", loop)
        with _slow(loop):
            yield loop


@contextmanager
def _slow(loop: str) -> Iterator[None]:
    """Limit the device, in the root group's own settings: the kernel's threads write there too."""
    number = Path(f"/sys/class/block/{Path(loop).name}/dev").read_text().strip()
    files = [_GROUPS / f"blkio/blkio.throttle.{what}_bps_device" for what in ("write", "read")]
    if not all(path.exists() for path in files):
        raise Unable("there is no blkio group of version 1, whose limits hold for write-back too")
    try:
        for path in files:
            path.write_text(f"{number} {RATE}")
        yield
    finally:
        for path in files:
            path.write_text(f"{number} 0")


@contextmanager
def _small() -> Iterator[tuple[str, ...]]:
    """A group of MEMORY bytes, page cache included; words that run a command in it."""
    group = _GROUPS / f"memory/nodebake-bench-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise Unable(f"no memory group can be made: {error}") from error
    try:
        (group / "memory.limit_in_bytes").write_text(str(MEMORY))
        yield ("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh")
    finally:
        with suppress(OSError):
            group.rmdir()


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
