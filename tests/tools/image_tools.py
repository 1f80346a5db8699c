# SPDX-License-Identifier: Apache-2.0
"""A small tree of all that is odd, and the host's programs as the image's tools."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder.build.delta import scan
from builder.tree.sourced import Sourced, sourced

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH = 1760000000


class HostTools:
    """Runs what is installed here."""

    def __init__(self, **extra: str) -> None:
        self._extra = extra

    def run(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        output(argv, env={**self._extra, **env})


def output(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and give what it wrote; AssertionError when it fails."""
    done = subprocess.run(
        argv,
        env={"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{' '.join(argv)}: {done.returncode}\n{text}"
    return text


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Another umask while the body runs."""
    former = os.umask(mask)
    try:
        yield
    finally:
        os.umask(former)


def write_tree(tree: Path, *, backwards: bool = False) -> None:
    """About 200 files; `backwards` makes them in another order, as another readdir would give them."""
    names = [f"d{n % 7}/file {n:03}" for n in range(200)]
    names += ["odd/ünïcode", "odd/new\nline", 'odd/quote"$(x)', "odd/-dash", "odd/" + "n" * 255]
    for name in sorted(names, reverse=backwards):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 50)
        os.utime(path, (EPOCH, EPOCH - len(name)))
    (tree / "big").write_bytes(b"big" * 1_000_000)
    (tree / "empty").mkdir()
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", 1 << 20)
    os.link(tree / "big", tree / "odd" / "linked")
    (tree / "short").symlink_to("big")
    (tree / "long").symlink_to("x" * 200)
    (tree / "setuid").write_bytes(b"s")
    os.mkfifo(tree / "fifo")
    os.setxattr(tree / "big", "user.note", b"kept")
    if os.geteuid() == 0:
        os.mknod(tree / "null", 0o20666, os.makedev(1, 3))
        os.chown(tree / "setuid", 7, 42)
    (tree / "setuid").chmod(0o4755)  # after chown, which clears it
    for folder, directories, files in os.walk(tree):
        for name in (*directories, *files):
            path = Path(folder, name)
            when = min(int(path.lstat().st_mtime), EPOCH)
            os.utime(path, (when, when), follow_symlinks=False)


def write_boot(boot: Path) -> None:
    """A boot directory: names long and short, two levels, more names than a cluster holds."""
    (boot / "overlays" / "deep").mkdir(parents=True)
    (boot / "kernel8.img").write_bytes(b"kernel" * 100_000)
    (boot / "a long name.txt").write_text("text")
    (boot / "overlays" / "deep" / "Mixed.Case").write_text("m")
    for number in range(450):
        (boot / "overlays" / f"overlay-{number}.dtbo").write_text(str(number))
    for path in boot.rglob("*"):
        os.utime(path, (EPOCH, EPOCH - 86400))


def tree_of(folder: Path) -> list[Sourced]:
    """What a build's store would say of a folder."""
    return sourced([(folder, scan(folder, None, 2))])
