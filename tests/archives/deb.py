# SPDX-License-Identifier: Apache-2.0
"""Packages that a test makes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

TOOLS = ("dpkg-deb",)


def build(folder: Path, fields: Mapping[str, str], target: Path, **scripts: str) -> Path:
    """The .deb in `target` of the files in `folder`; `scripts` are its maintainer scripts by name."""
    control = folder / "DEBIAN"
    control.mkdir(parents=True)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) >> 10
    fields = {
        "Installed-Size": str(size),
        "Maintainer": "nobody <nobody@localhost>",
        "Description": fields["Package"],
        **fields,
    }
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items()))
    for name, text in scripts.items():
        (control / name).write_text(text)
        (control / name).chmod(0o755)
    name = "{Package}_{Version}_{Architecture}.deb".format(**fields)
    # A colon of the version is no part of a file name, as in every archive.
    path = target / name.replace(":", "%3a")
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(folder), str(path)]
    # The same files make the same package, so that what was built of it is found again.
    subprocess.run(argv, env={**os.environ, "SOURCE_DATE_EPOCH": "0"}, check=True, capture_output=True)
    return path


def extract(deb: Path, folder: Path) -> None:
    """The files of a .deb, without its scripts."""
    folder.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "--extract", str(deb), str(folder)], check=True, capture_output=True)


def control(deb: Path) -> str:
    """The control file of a .deb."""
    argv = ["dpkg-deb", "--field", str(deb)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
