# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from builder.image.ext4.node import nodes
from builder.tree.entry import Entry, Kind
from builder.tree.sourced import Sourced


def _one(path: str, package: str = "", layer: int = 0, kind: Kind = Kind.FILE) -> Sourced:
    return Sourced(Entry(path, kind, 0o644, 0, 0, 1000, size=1), Path("/delta"), layer, package)


def test_what_changes_together_lies_together() -> None:
    folders = ["", "etc", "usr", "usr/bin", "usr/share", "usr/share/doc", "usr/share/doc/a", "var"]
    files = [
        _one("etc/own", layer=1),
        _one("usr/bin/a", "a"),
        _one("usr/bin/b", "b"),
        _one("usr/share/doc/a/changelog.Debian.gz", "a"),
        _one("usr/share/doc/a/copyright", "a"),
        _one("usr/share/b", "b"),
        _one("var/a.md5sums", "a"),
        _one("var/cache"),
    ]
    found = nodes([*(_one(path, kind=Kind.DIRECTORY) for path in folders), *files])
    assert list(found) == [
        *folders,
        # What an update of the package mostly leaves alone, and then what it changes.
        "usr/share/doc/a/copyright",
        "usr/bin/a",
        "usr/share/doc/a/changelog.Debian.gz",
        "var/a.md5sums",
        "usr/share/b",
        "usr/bin/b",
        # What no package brought, and the steps after.
        "var/cache",
        "etc/own",
    ]
