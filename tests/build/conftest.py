# SPDX-License-Identifier: Apache-2.0
"""An image taken apart by tools that did not make it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import Site, site
from tests.ground import ground, lender
from tests.needs import PATH

__all__ = ["docker_sdcard", "ground", "head", "lender", "site"]

SECTOR = 512
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")


@dataclass(frozen=True)
class Apart:
    """A build: its answer, the root file system as a file and as files, and the FAT's offset in bytes."""

    answer: dict[str, Any]
    filesystem: Path
    root: Path
    boot_offset: int

    @property
    def image(self) -> Path:
        return Path(self.answer["image"])


def say(argv: Sequence[str | Path], *, codes: Sequence[int] = (0,), **environment: str) -> str:
    """What a program says, both outputs; it must end with one of `codes`."""
    done = subprocess.run(
        argv,
        env={**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode in codes, f"{argv[0]}: {done.returncode}\n{done.stdout}"
    return done.stdout


def emulator() -> str:
    """What runs the tree's programs here."""
    found = next((path for name in EMULATORS if (path := shutil.which(name, path=PATH))), None)
    assert found, "tools/setup installs qemu-user"
    return found


def tree_program(apart: Apart, *argv: str, path: str = PATH, codes: Sequence[int] = (0,)) -> str:
    """What a program of the tree says, run under the emulator."""
    return say([emulator(), "-L", apart.root, apart.root / argv[0], *argv[1:]], codes=codes, PATH=path)


def partitions(image: Path) -> list[dict[str, int]]:
    """Start and size of each partition in bytes, as the image's own table has them."""
    rows = []
    for line in say(["sfdisk", "--dump", image]).splitlines():
        if " : start=" in line:
            fields = dict(
                part.split("=") for part in line.split(" : ")[1].replace(" ", "").split(",") if "=" in part
            )
            rows.append({"start": int(fields["start"]) * SECTOR, "size": int(fields["size"]) * SECTOR})
    return rows


@pytest.fixture(scope="session")
def docker_sdcard(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The one docker-sdcard build of this run, taken apart."""
    with taken_apart(site.built("docker-sdcard"), tmp_path_factory.mktemp("docker-sdcard")) as apart:
        yield apart


@pytest.fixture(scope="session")
def head(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The one head build of this run, taken apart."""
    with taken_apart(site.built("head"), tmp_path_factory.mktemp("head")) as apart:
        yield apart


@contextmanager
def taken_apart(answer: dict[str, Any], folder: Path) -> Iterator[Apart]:
    """What a build answered, taken apart below `folder` while the body runs."""
    boot, root = partitions(Path(answer["image"]))
    filesystem, files = folder / "root.ext4", folder / "root"
    with Path(answer["image"]).open("rb") as image, filesystem.open("wb") as sink:
        image.seek(root["start"])
        shutil.copyfileobj(image, sink, 1 << 20)
    files.mkdir()
    # As an ordinary user owners cannot be given to the files; modes and contents are.
    say(["debugfs", "-R", f"rdump / {files}", filesystem])
    yield Apart(answer, filesystem, files, boot["start"])
    shutil.rmtree(folder)
