# SPDX-License-Identifier: Apache-2.0
"""Users: accounts by the tree's own useradd, keys, hashes and sudo."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.build.bench import Bench
from builder.plan.encode import decode
from builder.recipe.effect import AddUser


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Add or change the users of `inputs["effects"]`."""
    bench.furnish()
    for user in decode(inputs["effects"]):
        _account(user, bench)
        fields = _line(bench.tree / "etc/passwd", user.name)
        _keys(user, bench.tree / fields[5].lstrip("/"), int(fields[2]), int(fields[3]))
        _sudo(user, bench.tree)


def _account(user: AddUser, bench: Bench) -> None:
    known = _line(bench.tree / "etc/passwd", user.name)
    options = ["--shell", user.shell]
    options += ["--groups", ",".join(user.groups)] if user.groups else []
    # A hash, never a password: `!` is an account that only keys open.
    options += ["--password", user.password_hash] if user.password_hash else []
    if known:
        options += ["--append"] if user.groups else []
        options += ["--home", user.home] if user.home else []
        bench.in_tree(["usermod", *options, user.name])
        return
    # Debian has groups such as `operator` that wait for their user.
    options += ["--gid", user.name] if _line(bench.tree / "etc/group", user.name) else []
    options += ["--uid", str(user.uid)] if user.uid is not None else []
    options += ["--system"] if user.system else ["--create-home"]
    options += ["--home-dir", user.home] if user.home else []
    bench.in_tree(["useradd", *options, user.name])


def _line(database: Path, name: str) -> list[str]:
    """A user's or group's line, split; empty when there is none."""
    for line in database.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split(":")
    return []


def _keys(user: AddUser, home: Path, uid: int, gid: int) -> None:
    if not user.keys:
        return
    folder = home / ".ssh"
    folder.mkdir(exist_ok=True)
    path = folder / "authorized_keys"
    path.write_text("".join(f"{key}\n" for key in user.keys))
    for target, mode in ((folder, 0o700), (path, 0o600)):
        os.chown(target, uid, gid)
        target.chmod(mode)


def _sudo(user: AddUser, tree: Path) -> None:
    if user.sudo == "no":
        return
    tag = "NOPASSWD: " if user.sudo == "free" else ""
    path = tree / "etc/sudoers.d" / f"nodebake-{user.name}"
    path.write_text(f"{user.name} ALL=(ALL:ALL) {tag}ALL\n")
    path.chmod(0o440)
