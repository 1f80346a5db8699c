# SPDX-License-Identifier: Apache-2.0
"""The one door of the flasher to other programs, and to what the kernel tells of a device."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BLKRRPART = 0x125F


@dataclass(frozen=True)
class Finished:
    """A program that ran: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def told(self) -> list[str]:
        """Its last words, for an error's facts."""
        return [f"| {line}" for line in (self.stdout + self.stderr).splitlines()[-8:]]


def run(argv: Sequence[str], *, stdin: bytes = b"", keep: Sequence[int] = ()) -> Finished:
    """Run a program to its end; it inherits the descriptors `keep`. Raises LackingError without it."""
    path = shutil.which(argv[0], path=_PATH)
    if path is None:
        raise LackingError(
            f"`{argv[0]}` is not installed", hint=f"install the package that holds `{argv[0]}`"
        )
    done = subprocess.run(
        [path, *argv[1:]],
        input=stdin,
        capture_output=True,
        check=False,
        env={"PATH": _PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        pass_fds=keep,
    )
    said, complained = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
    return Finished(done.returncode, said, complained)


@contextmanager
def in_memory(data: bytes) -> Iterator[tuple[int, str]]:
    """`data` as a file that lies on no disk: its descriptor, and its path for a program that keeps that."""
    descriptor = os.memfd_create("nodebake")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor, f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def blkgetsize64(word: int) -> int:
    """The kernel's number for BLKGETSIZE64, which it makes of the bytes of a size_t, on a Zero 4.

    Source: linux/fs.h and asm-generic/ioctl.h; the answer has 8 bytes anywhere.
    """
    return 2 << 30 | word << 16 | 0x12 << 8 | 114


def size(descriptor: int) -> int:
    """Bytes of a device or of a file."""
    status = os.fstat(descriptor)
    if not stat.S_ISBLK(status.st_mode):
        return status.st_size
    number = blkgetsize64(struct.calcsize("N"))
    told: tuple[int] = struct.unpack("Q", fcntl.ioctl(descriptor, number, bytes(8)))
    return told[0]


def read_partitions(descriptor: int) -> None:
    """Have the kernel read the partition table again; a device that cannot have any stays as it is."""
    if stat.S_ISBLK(os.fstat(descriptor).st_mode):
        try:
            fcntl.ioctl(descriptor, _BLKRRPART)
        except OSError:
            return


def told(path: Path) -> str:
    """What a file of /sys or /proc says, without its ends; empty where there is none."""
    try:
        return path.read_bytes().decode(errors="replace").strip("\0 \n")
    except OSError:
        return ""
