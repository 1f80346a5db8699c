# SPDX-License-Identifier: Apache-2.0
"""Debian 13's QEMU on a machine that has an older one: unpacked, and run by its own loader."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from builder.archive.apt import PrivateApt
from builder.archive.fetch import deb_path, fetch, missing
from builder.archive.hosts import choose, machine_archives
from builder.base.archives import PUBLIC
from builder.build.workshop import machine
from builder.host.chroot import LOADERS, MULTIARCH

_PROGRAM = "qemu-system-aarch64"


def unpack(folder: Path) -> tuple[str, ...]:
    """How to call it, after it was unpacked below `folder`."""
    public = {word: (archive.uri, archive.keyring) for word, archive in PUBLIC.items()}
    mirrors = choose(["debian"], public=public, site={}, environment=os.environ, machine=machine_archives())
    apt = PrivateApt(folder / "apt", [("debian", "trixie", ("main",))], mirrors, [machine()])
    states = apt.update()
    packages = apt.resolve(machine(), ["qemu-system-arm"])
    debs, root = folder / "debs", folder / "root"
    for made in (debs, root):
        made.mkdir()
    fetch(missing(list(packages), debs), debs, mirrors, lambda count: None, states)
    for package in packages:
        subprocess.run(["dpkg-deb", "--extract", deb_path(debs, package.sha256), root], check=True)
    libraries = root / "usr/lib" / MULTIARCH[machine()]
    loader = [str(libraries / LOADERS[machine()]), "--library-path", str(libraries)]
    return (*loader, str(root / "usr/bin" / _PROGRAM), "-L", str(root / "usr/share/qemu"))
