# SPDX-License-Identifier: Apache-2.0
"""All packages of a tree, by the machine's mmdebstrap: every program of the tree emulated.

Slow, and made by others: the tree that the `packages` step is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.build.bench import STORE, Bench
from builder.build.step.packages import architectures, audit
from builder.errors import StepError
from builder.host import linux
from builder.host.process import run as run_program
from builder.host.worker import SHOWN

_ROOM = SHOWN / "mmdebstrap"
_DEBS = "debs"
_ARCHITECTURES = "var/lib/dpkg/arch"
# What it wrote for apt and dpkg while it worked, and no package owns. All packages were asked for by
# name, so apt's list of those that were not is empty.
_TRACES = (
    "etc/apt/sources.list",
    "etc/fstab",
    "var/cache/apt/archives/lock",
    "var/lib/apt/extended_states",
    _ARCHITECTURES,
)
# Up to Debian 12 no package brings the links of a merged /usr.
_MERGE = "/usr/share/mmdebstrap/hooks/merged-usr"
# It copies these two from the machine, which is no business of the tree.
_UNCOPY = 'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"'


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Install the packages of `inputs` into the empty tree."""
    stanzas = [stanza(_control(row["sha256"]), row["sha256"], _size(row)) for row in inputs["debs"]]
    _lay_out_room("\n".join(stanzas))
    foreign = inputs.get("foreign", ())
    names = [pinned(text, foreign) for text in stanzas]
    # The tree is told to make no initramfs yet: the firmware step does, once.
    env = {"INITRD": "No", "TMPDIR": str(_ROOM / "tmp")}
    with bench.emulated():
        hooks = () if inputs["merged_usr"] else (_MERGE,)
        known = [inputs["architecture"], *foreign]
        bench.on_machine(command(bench.tree, _ROOM, known, names, hooks), env=env)
        for name in _TRACES:
            (bench.tree / name).unlink(missing_ok=True)
        if foreign:
            (bench.tree / _ARCHITECTURES).write_text(architectures(bench.architecture, foreign))
        audit(bench)
    compare(names, (bench.tree / "var/lib/dpkg/status").read_text(), foreign)


def command(
    tree: Path,
    repository: Path,
    architectures: Iterable[str],
    names: Iterable[str],
    hooks: Iterable[str] = (),
) -> list[str]:
    """How mmdebstrap is called; `names` are NAME=VERSION, and the repository has no others."""
    # Nobody signed this repository: its index was written a moment ago, from .debs whose sha256 the
    # lock names and which came through signed indexes. It is the only one that apt is shown.
    source = f"deb [trusted=yes] copy://{repository} ./"
    return [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--format=directory",
        "--variant=essential",
        f"--architectures={','.join(architectures)}",
        # The scaffold's empty mount points are there already, and the emulator is our own.
        "--skip=check/empty,check/qemu",
        f"--setup-hook={_UNCOPY}",
        *(f"--hook-directory={folder}" for folder in hooks),
        f"--include={','.join(names)}",
        "",
        str(tree),
        source,
    ]


def stanza(control: str, sha256: str, size: int) -> str:
    """A package's stanza of the repository's index, from its control file."""
    return f"{control.strip()}\nFilename: {_DEBS}/{sha256}.deb\nSize: {size}\nSHA256: {sha256}\n"


def pinned(text: str, foreign: Sequence[str] = ()) -> str:
    """NAME=VERSION of a stanza, NAME:ARCHITECTURE=VERSION for a package of a foreign one."""
    found = [
        re.search(rf"^{key}: (\S+)$", text, re.MULTILINE) for key in ("Package", "Architecture", "Version")
    ]
    name, architecture, version = (match[1] if match else "" for match in found)
    if not name or not version:
        raise StepError("a package has no name or version", facts=text.splitlines()[:3])
    return f"{name}:{architecture}={version}" if architecture in foreign else f"{name}={version}"


def _control(sha256: str) -> str:
    return run_program(["dpkg-deb", "--field", str(STORE / _DEBS / f"{sha256}.deb")]).stdout.decode()


def _size(row: Mapping[str, str]) -> int:
    return (STORE / _DEBS / f"{row['sha256']}.deb").stat().st_size


def _lay_out_room(index: str) -> None:
    """A repository in memory, and a place for what mmdebstrap writes meanwhile."""
    _ROOM.mkdir(exist_ok=True)
    linux.mount("tmpfs", _ROOM, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    (_ROOM / "tmp").mkdir(mode=0o1777)
    (_ROOM / _DEBS).mkdir()
    linux.bind(STORE / _DEBS, _ROOM / _DEBS, read_only=True)
    (_ROOM / "Packages").write_text(index)


def compare(names: Sequence[str], status: str, foreign: Sequence[str] = ()) -> None:
    """The tree must have exactly what the lock names."""
    stanzas = [text for text in status.split("\n\n") if "\nStatus: install ok installed\n" in f"\n{text}\n"]
    differing = sorted({pinned(text, foreign) for text in stanzas} ^ set(names))
    if differing:
        raise StepError("mmdebstrap did not install what the lock names", facts=differing[:20])
