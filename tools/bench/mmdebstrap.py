# SPDX-License-Identifier: Apache-2.0
"""How the peer mmdebstrap is called: at its best for what is compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def command(tree: Path, repository: Path, architecture: str, names: Iterable[str]) -> list[str]:
    """mmdebstrap into the directory `tree`; `names` are NAME=VERSION, and the repository has no others.

    Left out is what its output would be packed by, and what a tree of ours does not get either: apt
    lists, recommended packages, fsync after each file.
    """
    # An index that was written a moment ago, from .debs whose sha256 a lock names: nobody signed it.
    source = f"deb [trusted=yes] copy://{repository} ./"
    return [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--format=directory",
        "--variant=essential",
        f"--architectures={architecture}",
        "--skip=check/empty,check/qemu,cleanup/apt/lists",
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        "--dpkgopt=force-unsafe-io",
        f"--include={','.join(names)}",
        "",
        str(tree),
        source,
    ]
