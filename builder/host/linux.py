# SPDX-License-Identifier: Apache-2.0
"""The system calls that Python's standard library of 3.11 does not wrap."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_IO_URING_SETUP = 425
_IO_URING_PARAMS = 120
_PR_SET_PDEATHSIG = 1
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_SIGKILL = 9
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: Path | str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError naming the target."""
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(result, f"mount {kind or source} on {target}")


def bind(source: Path | str, target: Path | str, *, read_only: bool = False) -> None:
    """Make `source` (a file or a directory, with what is mounted below) visible at `target`."""
    mount(str(source), target, flags=MS_BIND | MS_REC)
    if read_only:
        # A user namespace may not clear the flags that the original mount carries.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("none", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def exchange(one: Path, other: Path) -> None:
    """renameat2(2): swap two paths. Raises OSError, EINVAL where the file system cannot do it."""
    result = _libc.renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    _checked(result, f"exchange {one} and {other}")


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def settle(folder: Path) -> None:
    """syncfs(2): wait until the file system of `folder` has everything on its disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _checked(_libc.syncfs(descriptor), f"settle {folder}")
    finally:
        os.close(descriptor)


def has_io_uring() -> bool:
    """io_uring_setup(2): whether the kernel lets this process have one; containers often may not."""
    descriptor = int(_libc.syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(_IO_URING_PARAMS)))
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends.

    A change of credentials clears the wish, so it is said again after each.
    """
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL), "prctl")
