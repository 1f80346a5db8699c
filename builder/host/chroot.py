# SPDX-License-Identifier: Apache-2.0
"""A tree made fit for programs: kernel file systems, a few devices, and native programs on loan."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError
from builder.host import linux

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")

# Programs whose output speaks of the architecture they were built for, and those that look at the
# tree's own libraries. dpkg is one too: dpkg_twins makes the helper's fit to be lent.
NEVER_LENT = (
    "apt",
    "arch",
    "gcc",
    "getconf",
    "ischroot",
    "ld.",
    "ldconfig",
    "lscpu",
    "qemu",
    "systemd",
    "udevadm",
    "uname",
)
"""By how their names start."""
LENT_ALL_THE_SAME = ("systemd-hwdb", "systemd-sysusers", "systemd-tmpfiles")
"""What they write is the same on every architecture, as long as no file that they read says `%a`."""
LENT_FOLDERS = ("usr/bin", "usr/sbin", "usr/lib")


@dataclass(frozen=True)
class Foreign:
    """An architecture whose programs this kernel does not run: how their ELF header starts."""

    name: str
    magic: bytes
    mask: bytes
    emulators: tuple[str, ...]


_MASK = bytes.fromhex("ffffffffffffff00fffffffffffffffffeffffff")
_ARM = bytes.fromhex("7f454c4601010100000000000000000002002800")
_ARM_EMULATORS = ("qemu-arm-static", "qemu-arm")
FOREIGN = {
    "arm64": Foreign(
        "arm64",
        bytes.fromhex("7f454c460201010000000000000000000200b700"),
        _MASK,
        ("qemu-aarch64-static", "qemu-aarch64"),
    ),
    # A header tells these two apart by flags only, and a tree is of one of them.
    "armhf": Foreign("armhf", _ARM, _MASK, _ARM_EMULATORS),
    "armel": Foreign("armel", _ARM, _MASK, _ARM_EMULATORS),
}
MULTIARCH = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}


def register(foreign: Foreign, dispatcher: Path) -> None:
    """Make `dispatcher` the interpreter of foreign programs, in this user namespace only."""
    try:
        linux.mount("binfmt_misc", _BINFMT, "binfmt_misc")
    except OSError as error:
        raise LackingError(
            f"this kernel ({os.uname().release}) has no binfmt_misc for user namespaces",
            facts=[str(error), "it came with Linux 6.7, as the module binfmt_misc"],
            hint="sudo modprobe binfmt_misc, or build on a kernel of 6.7 or later",
        ) from error
    _register(f"nodebake-{foreign.name}", foreign, dispatcher)


@contextmanager
def emulated(foreign: Foreign, emulator: Path) -> Iterator[None]:
    """While the body runs, `emulator` alone runs foreign programs, and nothing is lent.

    A registration belongs to the user namespace, not to a mount namespace: it must be undone.
    """
    name = f"nodebake-{foreign.name}-emulated"
    # The kernel asks the newest registration first.
    _register(name, foreign, emulator)
    try:
        yield
    finally:
        (_BINFMT / name).write_text("-1")


def _register(name: str, foreign: Foreign, interpreter: Path) -> None:
    magic, mask = ("".join(f"\\x{byte:02x}" for byte in data) for data in (foreign.magic, foreign.mask))
    (_BINFMT / "register").write_text(f":{name}:M::{magic}:{mask}:{interpreter}:PF")


def furnish(root: Path) -> None:
    """Mount what programs expect below `root`: /proc, a small /dev, an empty /run and /tmp."""
    linux.mount("proc", root / "proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    # Without mode=755 a tmpfs is 1777, and a redirection to /dev/null gets EACCES.
    linux.mount("tmpfs", root / "dev", "tmpfs", linux.MS_NOSUID, "mode=755")
    for name in DEVICES:
        (root / "dev" / name).touch()
        linux.bind(f"/dev/{name}", root / "dev" / name)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(target)
    for name in ("shm", "pts"):
        (root / "dev" / name).mkdir()
    linux.mount("tmpfs", root / "run", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    linux.mount("tmpfs", root / "tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=1777")


def lend(root: Path, helper: Path, emulator: Path, machine: str) -> None:
    """Put the helper's programs in reach of the dispatcher below `root`, which is furnished."""
    base = root / "run/nodebake"
    (base / "helper").mkdir(parents=True)
    linux.bind(helper, base / "helper", read_only=True)
    (base / "emulator").touch()
    linux.bind(emulator, base / "emulator", read_only=True)
    multiarch = MULTIARCH[machine]
    (base / "loader").symlink_to(f"/run/nodebake/helper/usr/lib/{multiarch}/{LOADERS[machine]}")
    for program in programs(helper):
        mark = base / "lend" / program
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    # Perl and Python look for compiled modules at the paths that they were built with.
    compiled = root / "usr/lib" / multiarch
    if compiled.is_dir():
        linux.bind(helper / "usr/lib" / multiarch, compiled, read_only=True)


def programs(helper: Path) -> Iterator[str]:
    """The helper's ELF programs that may be lent, as paths below its root."""
    for folder in LENT_FOLDERS:
        for parent, folders, names in os.walk(helper / folder):
            if folder == "usr/lib":
                folders[:] = [f for f in folders if not f.endswith("-linux-gnu") and f != "systemd"]
            for name in names:
                path = Path(parent, name)
                lent = name in LENT_ALL_THE_SAME or not name.startswith(NEVER_LENT)
                if lent and not path.is_symlink() and _is_program(path):
                    yield str(path.relative_to(helper))


def into(root: Path) -> Callable[[], None]:
    """What a child runs to have `root` as its root."""

    def enter() -> None:
        os.chroot(root)
        os.chdir("/")

    return enter


def _is_program(path: Path) -> bool:
    """Whether a file is an executable ELF file."""
    if not os.access(path, os.X_OK):
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"
