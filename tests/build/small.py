# SPDX-License-Identifier: Apache-2.0
"""Steps of a small store: a helper with next to nothing in it, and what stands on that."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

HELPER = "a" * 64


def step(
    kind: str, identity: str, inputs: dict[str, Any], below: list[str] | None = None, helper: str = ""
) -> dict[str, Any]:
    """The order for a step, as a build gives it to the worker."""
    return {
        "kind": kind,
        "label": f"a {kind}",
        "id": identity,
        "inputs": {**inputs, "epoch": 1000},
        "below": below or [],
        "helper": helper,
    }


def tools_deb(tree: Path, debs: Path) -> str:
    """A package with what a helper cannot be without; its sha256."""
    for path, text in {
        "DEBIAN/control": "Package: tools\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n",
        "usr/share/base-passwd/passwd.master": "root::0:0:::\n",
        "usr/share/base-passwd/group.master": "root::0:\n",
        "etc/keep": "",
    }.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    built = tree.with_suffix(".deb")
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", tree, built], check=True, capture_output=True
    )
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    shutil.copyfile(built, debs / f"{digest}.deb")
    return digest
