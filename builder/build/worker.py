# SPDX-License-Identifier: Apache-2.0
"""The worker: runs inside the namespaces and builds what the store lacks, step by step.

Orders come as JSON, one a line: {"build": step…}, {"output": …}, {"store": …} or {"shell": …}; events go
back the same way. Each runs in a child with a mount namespace of its own, so what it mounted ends with it.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from builder.build import assemble, look, netboot, tend
from builder.build.bench import STORE, TREE, Bench, mount_helper, scaffold
from builder.build.delta import scan
from builder.build.place import keep, workplace
from builder.build.step import KINDS, helper
from builder.host import chroot, linux
from builder.host.child import end_others, in_child
from builder.host.overlay import mount_overlay
from builder.host.worker import SHOWN, enter, receive, send
from builder.store.store import Store

OUTPUTS = {"image": assemble.run, "netboot": netboot.run}
"""Kind of output → what makes it."""


def main() -> None:
    """Serve orders until the starter hangs up."""
    enter()
    setting = receive()
    _prepare(setting)
    while True:
        order = receive()
        if "build" in order:
            in_child(partial(_build, order["build"], setting), STORE)
        elif "store" in order:
            in_child(partial(tend.run, order["store"], setting["jobs"]), STORE)
        elif "shell" in order:
            in_child(partial(look.run, order["shell"], setting), STORE)
        else:
            output = order["output"]
            make = OUTPUTS[output["kind"]]
            in_child(partial(make, output, setting["jobs"]), SHOWN / output["out"])
        send({"done": True})


def _prepare(setting: dict[str, Any]) -> None:
    """What all steps share: the interpreter of foreign programs, the emulator at its place."""
    TREE.mkdir()
    if setting["emulator"]:
        (SHOWN / "emulator").touch()
        linux.bind(setting["emulator"], SHOWN / "emulator")
        chroot.register(chroot.FOREIGN[setting["architecture"]], STORE / "tools" / setting["dispatcher"])


def _build(step: dict[str, Any], setting: dict[str, Any]) -> None:
    """Build one step into the store; another builder of the same store may have been first."""
    store = Store(STORE)
    identity = step["id"]
    with workplace(store, identity) as place:
        if store.has(identity):
            return
        delta, work = place / "delta", place / "work"
        for folder in (delta, work):
            folder.mkdir()
        log = store.log(identity)
        log.write_bytes(b"")
        if step["kind"] == "helper":
            helper.unpack(step["inputs"], delta, store.debs, log)
        else:
            _layer(step, setting, delta, work, log)
        # A program that a script left running would go on writing into the object.
        end_others()
        entries = scan(delta, step["inputs"]["epoch"], setting["jobs"])
        shutil.rmtree(work)
        keep(store, place, step, entries)


def _layer(step: dict[str, Any], setting: dict[str, Any], delta: Path, work: Path, log: Path) -> None:
    """Carry out a step of the tree in the merged view of what is below it."""
    store = Store(STORE)
    stack = [scaffold(setting["machine"]), *(store.delta(below) for below in step["below"])]
    mount_overlay(stack, TREE, upper=delta, work=work)
    mount_helper(store.delta(step["helper"]), store.debs)
    bench = Bench(TREE, log, step["inputs"]["epoch"], setting["architecture"], setting["machine"])
    KINDS[step["kind"]](step["inputs"], bench)


if __name__ == "__main__":
    main()
