# SPDX-License-Identifier: Apache-2.0
"""The head's one door to other programs and to what Python does not wrap."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError, NodebakeError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534
_FICLONE = 0x40049409
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Finished:
    """A program that ran: its exit code and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def told(self) -> list[str]:
        """Its last words, for an error's facts."""
        return [
            f"| {line}" for line in (self.stderr + self.stdout).decode(errors="replace").splitlines()[-8:]
        ]


def run(argv: Sequence[str], *, stdin: bytes = b"", check: bool = True) -> Finished:
    """Run a program to its end.

    Raises LackingError when there is none, OSError when a disk had no room, NodebakeError when it fails.
    """
    path = which(argv[0])
    if path is None:
        raise LackingError(
            f"`{argv[0]}` is not installed", hint="`nodebake-head doctor` tells what is missing"
        )
    done = subprocess.run(
        [path, *argv[1:]],
        input=stdin,
        capture_output=True,
        check=False,
        env={"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
    finished = Finished(done.returncode, done.stdout, done.stderr)
    if check and finished.code and b"No space left on device" in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), argv[-1])
    if check and finished.code:
        facts = [f"command: {shlex.join(argv)}", *finished.told]
        raise NodebakeError(f"`{argv[0]}` ended with {finished.code}", facts=facts)
    return finished


def which(name: str) -> str | None:
    """Where a program is installed; those for root count too."""
    return shutil.which(name, path=PATH)


def become_nobody() -> None:
    """Give up root for good: what was opened stays open; what is read from now on, anybody may read."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def settle(folder: Path) -> None:
    """Wait until the file system of `folder` has everything on its disk: what follows may name it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


def can_share_blocks(folder: Path) -> bool:
    """Whether files below `folder` can be copied by reference, found out by doing it."""
    source, target = folder / f".reflink.{os.getpid()}", folder / f".reflink.{os.getpid()}.copy"
    try:
        source.write_bytes(b"\0" * 4096)
        with source.open("rb") as reading, target.open("wb") as writing:
            fcntl.ioctl(writing.fileno(), _FICLONE, reading.fileno())
    except OSError:
        return False
    else:
        return True
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def copy_tree(source: Path, target: Path, *, share: bool) -> None:
    """Copy a tree with owners, dates, links and attributes; `share` its blocks. `target` is not there yet."""
    run(["cp", "-a", f"--reflink={'always' if share else 'never'}", "-T", "--", str(source), str(target)])
