# SPDX-License-Identifier: Apache-2.0
"""Trees for the tests of this folder."""

from __future__ import annotations

from builder.tree.entry import Entry, Kind


def file(path: str, content: str = "", **fields: object) -> Entry:
    """A file whose sha256 is `content`, filled up."""
    values: dict[str, object] = {
        "mode": 0o644,
        "uid": 0,
        "gid": 0,
        "mtime": 1,
        "size": len(content),
        **fields,
    }
    return Entry(path, Kind.FILE, sha256=content.ljust(64, "0"), **values)  # type: ignore[arg-type]


def folder(path: str, mtime: int = 1, mode: int = 0o755) -> Entry:
    return Entry(path, Kind.DIRECTORY, mode, 0, 0, mtime)
