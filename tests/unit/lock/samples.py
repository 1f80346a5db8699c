# SPDX-License-Identifier: Apache-2.0
"""Locks for tests."""

from __future__ import annotations

import hashlib

from builder.lock.lock import ArchiveState, Lock, Locked, Request

REQUEST = Request(
    architecture="arm64",
    suites=(("debian", "trixie", ("main", "non-free-firmware")),),
    packages=("?essential", "apt"),
    helper=("?essential", "zstd"),
)
STATE = ArchiveState("debian", "trixie", ("main", "non-free-firmware"), 1789199741, "0" * 64)


def locked(name: str, version: str = "1.0", **fields: str | int | bool) -> Locked:
    """A package whose sha256 follows from name and version."""
    values: dict[str, object] = {
        "name": name,
        "version": version,
        "architecture": "arm64",
        "sha256": hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
        "size": 1000,
        "installed": 4,
        "archive": "debian",
        "path": f"pool/main/{name}_{version}_arm64.deb",
        **fields,
    }
    return Locked(**values)  # type: ignore[arg-type]


def lock(*packages: Locked, request: Request = REQUEST) -> Lock:
    """A lock of these packages, with a helper for amd64."""
    tools = (locked("zstd", architecture="amd64"),)
    return Lock("x", request, (STATE,), packages, {"amd64": tools})
