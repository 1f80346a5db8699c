# SPDX-License-Identifier: Apache-2.0
"""A shell in a step's tree. What it writes goes to memory and ends with it. Runs in the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.build.bench import STORE, TREE, Bench, mount_helper, scaffold
from builder.host import linux
from builder.host.chroot import into
from builder.host.overlay import mount_overlay
from builder.host.terminal import converse
from builder.host.worker import SHOWN, send
from builder.store.store import Store

_SPARE = SHOWN / "spare"


def run(order: Mapping[str, Any], setting: Mapping[str, Any]) -> None:
    """Show the tree below a step to a shell that talks on the streams of `order`; tells its exit code."""
    store = Store(STORE)
    _SPARE.mkdir()
    linux.mount("tmpfs", _SPARE, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV)
    upper, work = _SPARE / "delta", _SPARE / "work"
    for folder in (upper, work):
        folder.mkdir()
    stack = [scaffold(setting["machine"]), *(store.delta(below) for below in order["below"])]
    mount_overlay(stack, TREE, upper=upper, work=work)
    mount_helper(store.delta(order["helper"]), store.debs)
    Bench(TREE, store.log("shell"), 0, setting["architecture"], setting["machine"]).furnish()
    # Debian's prompt shows the name of a chroot.
    env = {"HOME": "/root", "TERM": order["term"], "debian_chroot": order["name"]}
    send({"found": [converse(["/bin/bash"], order["streams"], env=env, inside=into(TREE))]})
