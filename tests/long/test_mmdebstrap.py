# SPDX-License-Identifier: Apache-2.0
"""The oracle: the same lock through mmdebstrap, with every program emulated, gives the same tree.

Ten to twenty minutes. What may differ is written down here, with its cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from builder.release.manifest import File, Manifest
from tests.fixtures import Site
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, needs_tool("mmdebstrap")]

ALLOWED = {
    # System users get the next free number, in the order in which packages are configured; the native
    # engine configures by dependency, apt by its own order and the essential packages before all others.
    "etc/passwd": "numbers of system users",
    "etc/group": "numbers of system groups",
    "etc/shadow": "order of system users",
    "etc/gshadow": "order of system groups",
    "usr/lib/dbus-1.0/dbus-daemon-launch-helper": "the number of group messagebus",
    "var/lib/systemd/network": "the number of user systemd-network",
    "var/log/journal": "the number of group systemd-journal",
    "var/lib/dpkg/triggers/File": "the order in which packages are unpacked",
    # deb-systemd-helper names a unit by /lib, systemctl by /usr/lib: these two packages are configured
    # before systemd is there when mmdebstrap installs the essential ones.
    "etc/systemd/system/timers.target.wants/dpkg-db-backup.timer": "/lib or /usr/lib",
    "etc/systemd/system/timers.target.wants/fstrim.timer": "/lib or /usr/lib",
    "etc/machine-id": "empty in both; mmdebstrap has written it anew, with its own mode",
    # Only mmdebstrap's apt works on the tree, and makes its own folders; a node's apt does the same.
    "var/cache/apt/archives/partial": "apt has run",
    "var/lib/apt/lists/partial": "apt has run",
    "var/lib/dpkg/available": "dselect's list, empty, which the native engine starts dpkg's database with",
}


def differences(one: Manifest, other: Manifest) -> Iterator[str]:
    """Paths that differ in anything but the time of a directory, which says when it was last written to."""
    mine, its = ({file.path: timeless(file) for file in made.files} for made in (one, other))
    for path in sorted(mine.keys() | its.keys()):
        if mine.get(path) != its.get(path):
            yield path


def timeless(file: File) -> File:
    return replace(file, mtime=0) if file.type == "d" else file


def test_both_engines_make_the_same_tree(site: Site) -> None:
    native = site.manifest("minimal")
    emulated = site.manifest("minimal", "--engine", "mmdebstrap")
    assert native.packages == emulated.packages
    found = list(differences(native, emulated))
    assert not [path for path in found if path not in ALLOWED]
