# SPDX-License-Identifier: Apache-2.0
"""The boot file system: made by mkfs.fat, filled by mtools, at its place in the image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from builder.errors import StepError
from builder.image.fatsize import sectors_per_cluster
from builder.image.fattime import settle_times
from builder.image.identity import Identity
from builder.image.layout import SECTOR, Layout
from builder.image.tools import Tools, fixed_environment

_BATCH = 200
_FORBIDDEN = frozenset('"*:<>?|\\') | {chr(code) for code in range(32)} | {"\x7f"}


def make_fat(
    image: Path, boot: Path, *, layout: Layout, identity: Identity, epoch: int, tools: Tools
) -> None:
    """Make the file system and fill it from the directory `boot`."""
    partition = layout.boot
    contents = list(_walk(boot))
    env = fixed_environment(epoch)
    # --invariant would give fixed times but drops the serial number.
    argv = ["mkfs.fat", "-F", "32", "-S", str(SECTOR), "-s", str(sectors_per_cluster(partition.size))]
    argv += ["-n", partition.label, "-i", identity.fat_serial, "--offset", str(partition.start // SECTOR)]
    argv += ["-h", str(partition.start // SECTOR), str(image), str(partition.size // 1024)]
    tools.run(argv, env=env)
    drive = f"{image}@@{partition.start}"
    for directory, files in contents:
        if directory:
            tools.run(["mmd", "-i", drive, f"::/{directory}"], env=env)
        for start in range(0, len(files), _BATCH):
            names = [str(boot / directory / name) for name in files[start : start + _BATCH]]
            tools.run(["mcopy", "-o", "-m", "-i", drive, *names, f"::/{directory}"], env=env)
    with image.open("r+b") as file:
        settle_times(file, partition.start, epoch)


def _walk(boot: Path) -> Iterator[tuple[str, list[str]]]:
    """Each directory, parents first, with the names of its files; all sorted, as readdir is not."""
    for folder, directories, files in os.walk(boot, onerror=_raise):
        directories.sort()
        here = Path(folder).relative_to(boot)
        _check(boot, here, directories + files)
        yield ("" if here == Path() else here.as_posix(), sorted(files))


def _raise(error: OSError) -> None:
    raise StepError(f"cannot read `{error.filename}`: {error.strerror}") from error


def _check(boot: Path, here: Path, names: list[str]) -> None:
    """Refuse what mtools would rename, overwrite or turn into something else without a word."""
    folded: dict[str, str] = {}
    for name in sorted(names):
        path = here / name
        if not ((boot / path).is_file() or (boot / path).is_dir()) or (boot / path).is_symlink():
            raise StepError(
                f"`{path}` cannot lie in the boot partition",
                facts=["FAT holds files and directories only"],
                hint="leave it out of /boot/firmware",
            )
        if not name.isascii() or _FORBIDDEN & set(name) or name[-1] in ". ":
            raise StepError(
                f"`{path}` is no name for the boot partition",
                facts=[
                    'allowed is ASCII without "*:<>?|\\ and control characters, not ending in a dot or space'
                ],
                hint="rename it in its overlay",
            )
        if other := folded.get(name.casefold()):
            raise StepError(
                f"`{path}` and `{here / other}` are one name in the boot partition",
                facts=["FAT does not tell upper from lower case"],
                hint="rename one of them in its overlay",
            )
        folded[name.casefold()] = name
