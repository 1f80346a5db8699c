# SPDX-License-Identifier: Apache-2.0
"""The system that flashes, as one tar that nodes put onto their own cards: see `enter.sh`."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.head.release.manifest import Release

FOLDER = "nodebake-flasher"
"""On a card's first partition."""
_MORE = 1 << 20
# The firmware is that of the card, which loads it before it knows of any other folder.
_FIRMWARES = re.compile(r"(os_prefix|start_file|fixup_file)=")


@dataclass(frozen=True)
class Visit:
    """The flasher's release as nodes get it. `tar` is made by :func:`pack`."""

    release: Release
    tar: Path

    @property
    def words(self) -> tuple[str, ...]:
        """What `enter.sh` is told: the release, its prefix, and the bytes that it needs on the partition."""
        # The boot archive lies there beside what is in it.
        room = takes(self.release) + self.release.artifact(self.release.boot).size
        return (self.release.label, self.release.prefix.rstrip("/"), str(room))


def takes(release: Release) -> int:
    """The bytes that a flasher takes on a card's first partition, at most."""
    return sum(release.artifact(name).size for name in release.served) + _MORE


def pack(release: Release, folder: Path, target: Path) -> Visit:
    """Write the tar of a release in `folder`: its files, and what the card is to boot by."""
    with tarfile.open(target, "w") as tar:
        for name in ("manifest.json", "manifest.json.sig", *release.served):
            tar.add(folder / name, name)
        for name, text in (("config.txt", config(release, folder)), ("cmdline.txt", cmdline(release))):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return Visit(release, target)


def cmdline(release: Release) -> str:
    """The kernel's command line: the layers are on the card."""
    words = {
        "release": release.label,
        "mode": release.mode,
        "root": f"card:{FOLDER}",
        "layers": ",".join(release.layers),
    }
    own = ("boot=nodebake", *(f"nodebake.{word}={value}" for word, value in words.items()))
    return " ".join(dict.fromkeys([*release.cmdline, *own])) + "\n"


def config(release: Release, folder: Path) -> str:
    """The flasher's config.txt, for a card whose firmware is another's."""
    with tarfile.open(folder / release.boot) as tar:
        found = tar.extractfile("./config.txt")
        assert found
        text = found.read().decode()
    return "".join(_lines(text, f"{FOLDER}/{release.prefix}"))


def _lines(text: str, prefix: str) -> Iterator[str]:
    yield f"os_prefix={prefix}\n"
    for line in text.splitlines(keepends=True):
        if not _FIRMWARES.match(line):
            yield line
