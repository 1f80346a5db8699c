# SPDX-License-Identifier: Apache-2.0
"""An archive as `docker save` writes it, made without docker: one layer with one random file."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from pathlib import Path


def write(archive: Path, name: str, size: int) -> None:
    """The image NAME:latest, for arm64, with a file of `size` bytes, the same each time."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        _add(tar, "payload", random.Random(size).randbytes(size))
    content = layer.getvalue()
    config = {
        "architecture": "arm64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [f"{name}:latest"], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add(tar, "config.json", json.dumps(config).encode())
        _add(tar, "layer.tar", content)
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o644
    tar.addfile(entry, io.BytesIO(data))
