# SPDX-License-Identifier: Apache-2.0
"""What a layer of a root could be: squashfs and EROFS, by size and by the work of making it.

    python -m tools.bench.layers LAYER TOOLS OUT

LAYER is a base layer that was built; TOOLS a root with mksquashfs and mkfs.erofs of the tree's own suite, as
the helper is with the package erofs-utils besides; OUT an empty folder for what is made, which a node can
then boot from. For root, because it unpacks a tree. docs/decisions/0004 has what came of it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Way:
    """One way to make a layer; in `argv`, OUT is the file that it makes."""

    name: str
    argv: tuple[str, ...]


def _squashfs(name: str, *words: str) -> Way:
    fixed = ("mksquashfs", "-", "OUT", "-tar", "-noappend", "-no-progress", "-quiet")
    return Way(f"squashfs-{name}", (*fixed, "-processors", "1", *words))


def _erofs(name: str, *words: str) -> Way:
    return Way(f"erofs-{name}", ("mkfs.erofs", "--quiet", "-T0", "--tar=f", *words, "OUT"))


WAYS = (
    _squashfs("zstd15-128K", "-comp", "zstd", "-Xcompression-level", "15", "-b", "128K"),
    _squashfs("zstd15-64K", "-comp", "zstd", "-Xcompression-level", "15", "-b", "64K"),
    _squashfs("zstd6-128K", "-comp", "zstd", "-Xcompression-level", "6", "-b", "128K"),
    _squashfs("lz4hc-128K", "-comp", "lz4", "-Xhc", "-b", "128K"),
    _erofs("zstd6-64K", "-zzstd,level=6", "-C65536"),
    _erofs("lz4hc-64K", "-zlz4hc,9", "-C65536"),
)


def main(layer: Path, tools: Path, out: Path) -> None:
    """Make the layer in each way; a line of figures for each."""
    tree, tar = out / "tree", out / "tree.tar"
    subprocess.run(["unsquashfs", "-quiet", "-no-progress", "-d", tree, layer], check=True)
    words = ["--sort=name", "--format=pax", "--numeric-owner", "--xattrs", f"--directory={tree}"]
    subprocess.run(["tar", "--create", f"--file={tar}", *words, "."], check=True)
    seen = tools / "mnt"
    print(f"{'way':<22} {'MB':>7} {'CPU s':>7} {'wall s':>7}")
    for way in WAYS:
        made = seen / way.name
        argv = [f"/mnt/{way.name}" if word == "OUT" else word for word in way.argv]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        if argv[0] == "mkfs.erofs":
            # It looks back and forth in the tar.
            (seen / "tree.tar").unlink(missing_ok=True)
            os.link(tar, seen / "tree.tar")
            argv.append("/mnt/tree.tar")
        with tar.open("rb") as source:
            subprocess.run(["chroot", tools, *argv], stdin=source, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size, wall = made.stat().st_size / 1e6, time.monotonic() - began
        print(f"{way.name:<22} {size:>7.1f} {spent:>7.1f} {wall:>7.1f}", flush=True)
        made.rename(out / way.name)
    (seen / "tree.tar").unlink(missing_ok=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
