# SPDX-License-Identifier: Apache-2.0
"""The last step of a tree: what differs by machine or minute goes, what each node makes itself goes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.build.bench import Bench
from builder.build.step.armv6 import check
from builder.build.step.files import confined
from builder.plan.encode import decode

# Made anew by each node, so that no two share them.
_PER_NODE = (
    "etc/ssh/ssh_host_*",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
)
# Written by building, of no use to the node, and never twice the same.
_TRACES = (
    "etc/*-",
    "etc/.pwd.lock",
    "etc/resolv.conf.dpkg-*",
    "root/.*history",
    "run/*",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists/*_*",
    "var/lib/apt/lists/lock",
    "var/lib/dpkg/*-old",
    "var/log/*.log",
    "var/log/apt/*",
    "tmp/*",
    "usr/sbin/policy-rc.d",
)


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Clean the tree and give it its own apt sources, and the keys of those."""
    for pattern in (*_PER_NODE, *_TRACES):
        for path in sorted(bench.tree.glob(pattern)):
            _remove(path)
    _forget_days(bench.tree / "etc/shadow")
    # Empty and not absent: systemd then makes an id at boot without taking it for a first boot.
    machine_id = bench.tree / "etc/machine-id"
    machine_id.write_text("")
    machine_id.chmod(0o444)
    # Without a clock of its own a board starts at this file's time, which will be the epoch.
    (bench.tree / "usr/lib/clock-epoch").touch()
    _up_to_date(bench.tree)
    if inputs["armv6_modules"]:
        silent = check(bench.tree, inputs["armv6_modules"])
        bench.log.write_text("".join(f"says nothing of its processor: {path}\n" for path in silent))
    confined(bench.tree, inputs["sources_path"]).write_text(inputs["sources"])
    for path, key in inputs.get("keyrings", ()):
        confined(bench.tree, path).write_bytes(decode(key))


def _up_to_date(tree: Path) -> None:
    """Say what systemd-update-done would: caches of linker and catalog were made with this /usr.

    Else they are made at first boot: where a root forgets all that is written, at each.
    """
    for folder in ("etc", "var"):
        (tree / folder / ".updated").touch()


def _forget_days(shadow: Path) -> None:
    """Accounts without a password have no day on which it was changed: it would be another each release."""
    rows = [line.split(":") for line in shadow.read_text().splitlines()]
    for row in rows:
        if row[1].startswith(("!", "*")):
            row[2] = ""
    shadow.write_text("".join(":".join(row) + "\n" for row in rows))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
