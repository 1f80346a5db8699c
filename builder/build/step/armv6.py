# SPDX-License-Identifier: Apache-2.0
"""That a tree for ARMv6 boards holds nothing for later processors, which would die of an illegal instruction.

A package from a wrong archive does not show otherwise before it runs on a board: dpkg's name of the
architecture is the same, and an emulator that stands in for a newer processor runs it as well.
"""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from builder.errors import StepError
from builder.tree.arm import is_elf, is_firmware, needs

_MODULES = "usr/lib/modules"
_AT_RUN_TIME = (
    # gcc's own library resolves its functions by what the kernel says of the processor.
    "usr/lib/arm-linux-gnueabi*/libatomic.so.*",
    # A "fat" build: it has one version of each function for each kind of processor.
    "usr/lib/arm-linux-gnueabi*/libnettle.so.*",
    # These register what uses NEON only where the processor has it.
    "usr/lib/modules/*/kernel/arch/arm/crypto/sha256-arm.ko*",
    "usr/lib/modules/*/kernel/arch/arm/crypto/sha512-arm.ko*",
)
"""What is for all processors, and looks at the one it runs on before it uses more than ARMv6 has."""


def check(tree: Path, modules: Sequence[str]) -> list[str]:
    """Raise StepError with the files that an ARMv6 board cannot run; those that do not say are returned.

    `modules` are globs of the folders of the kernels that such boards boot; others' are passed over.
    """
    silent, wrong = [], []
    for path in sorted(_files(tree, modules)):
        data = _elf(tree / path)
        if not data or is_firmware(data):
            continue
        try:
            found = needs(data)
        except ValueError as error:
            wrong.append(f"{path}: {error}")
            continue
        if found is None:
            silent.append(path)
        elif found.beyond_v6() and not any(fnmatchcase(path, glob) for glob in _AT_RUN_TIME):
            wrong.append(f"{path}: {', '.join(found.beyond_v6())}")
    if wrong:
        raise StepError(
            f"{len(wrong)} programs do not run on the recipe's ARMv6 boards",
            facts=wrong[:20],
            hint="which archive are they from? Debian's armhf is ARMv7; `debian-armel` is for ARMv6",
        )
    return silent


def _files(tree: Path, modules: Sequence[str]) -> Iterator[str]:
    """Regular files of the tree, without modules of kernels for other boards."""
    for parent, folders, names in os.walk(tree):
        if Path(parent) == tree / _MODULES:
            folders[:] = [name for name in folders if any(fnmatchcase(name, glob) for glob in modules)]
        for path in (Path(parent, name) for name in names):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(tree))


def _elf(path: Path) -> bytes:
    """The bytes of an ELF file, unpacked; empty for any other."""
    if path.name.endswith(".ko.xz"):
        return lzma.decompress(path.read_bytes())
    with path.open("rb") as stream:
        start = stream.read(20)
        return start + stream.read() if is_elf(start) else b""
