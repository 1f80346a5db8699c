# SPDX-License-Identifier: Apache-2.0
"""A cluster of two nodes and a head in a network of its own, shut down as a whole.

Run inside the network namespace that `test_shutdown.py` makes; answers with JSON. The head's address leaves
with its ssh server, and from then on the head is as silent as a machine without power.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from builder.power.simulate.faults import Faults
from builder.power.simulate.plant import Plant
from builder.power.simulate.serve import simulated
from tests.tools.power.plane import in_thread
from tests.tools.power.project import Project, socket_controller
from tests.tools.power.sshd import USER, Keys, free_port, poweroff, server

HEAD = "10.42.0.250"
NODES = {1: "10.42.0.1", 2: "10.42.0.2"}
SEQUENCE = "{down_within: 4, settle: 0.1, confirm_within: 0.3}"


def play(folder: Path, *, through_head: bool) -> dict[str, Any]:
    """The answers of each command, and what happened in which order."""
    keys, port, plant = Keys(folder / "keys"), free_port(), Plant()
    project = Project(folder / "project")
    for each in (keys.folder, project.root):
        each.mkdir()
    keys.make("operator")
    plant.on = {1, 2}
    with ExitStack() as stack:
        socket = stack.enter_context(socket_controller())
        plant.switched = lambda n, on: socket.events.append(f"node{n:02} {'on' if on else 'off'}")
        machines = {
            name: stack.enter_context(server(keys, address, port))
            for name, address in {"node01": NODES[1], "node02": NODES[2], "sevastopol": HEAD}.items()
        }
        (keys.folder / "known_hosts").write_text("".join(m.known_as(name) for name, m in machines.items()))
        url = stack.enter_context(in_thread(lambda: simulated(plant, Faults(), host=HEAD)))
        settings = {
            "port": port,
            "user": USER,
            "key": str(keys.private),
            "known_hosts": str(keys.folder / "known_hosts"),
            "timeout": 1,
            "poweroff": poweroff(keys.folder),
            "through_head": through_head,
        }
        more = {"ssh": json.dumps(settings), "sequence": SEQUENCE}

        def write(**other: str) -> None:
            place = {"head": HEAD, "subnet": "10.42.0.0/24", **other}
            project.write(url=url, mains=socket.url, numbers=range(1, 3), user=USER, **place, **more)

        answers = {}
        write()
        answers["while the head runs"] = nodebake(project, "mains", "off")
        write(head="192.0.2.250", subnet="192.0.2.0/24")
        answers["out of reach"] = nodebake(project, "mains", "off")
        write()
        answers["shutdown"] = nodebake(project, "shutdown")
        answers["again"] = nodebake(project, "shutdown")
        answers["after"] = nodebake(project, "mains", "status")
        answers["when the head is off"] = nodebake(project, "mains", "on")
        answers["and off"] = nodebake(project, "mains", "off")
    return {"answers": answers, "events": socket.events, "violations": dict(+plant.violations)}


def unheard(folder: Path, head: str) -> dict[str, Any]:
    """The answer where no head is heard at its address, or at both: `ADDRESS, outside: ADDRESS`."""
    project = Project(folder)
    address = head.split(",", maxsplit=1)[0]
    with socket_controller() as socket:
        place = {"head": head, "subnet": f"{address.rpartition('.')[0]}.0/24"}
        project.write(
            url=f"ws://{address}:1236", mains=socket.url, numbers=range(1, 3), ssh="{timeout: 1}", **place
        )
        return {**nodebake(project, "mains", "off"), "on": socket.on}


def nodebake(project: Project, *words: str) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = project.nodebake("power", *words)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    place, what = Path(sys.argv[1]), sys.argv[2]
    known = {"straight": False, "through": True}
    json.dump(play(place, through_head=known[what]) if what in known else unheard(place, what), sys.stdout)
