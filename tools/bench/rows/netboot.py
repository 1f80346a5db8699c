# SPDX-License-Identifier: Apache-2.0
"""What a node pulls from power-on to ssh, counted on its own socket, and the memory that it leaves to others.

The node is emulated and boots what was published: `nodebake boot --netboot` without a person before it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from builder.boot.netboot.head import Head, head, port
from builder.boot.netboot.machine import prepare
from builder.boot.netboot.tools import require_tools
from builder.head.node.inventory import Inventory, Node
from builder.host.emulator import unattended
from tools.bench.figure import Figure
from tools.bench.ground import Ground, nodebake
from tools.bench.measure import Failed
from tools.bench.result import Row

RECIPE = "minimal-netboot"
MEMORY = 1 << 30
NODE = Node("node01", 1, "b8:27:eb:00:00:01", "10.42.0.1", "pi3b")
STOCK = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE,))
NODES, WIRE = 48, 12.5
"""How many pull through one port of 100 Mbit/s, in MB/s."""
PATIENCE = 900
IDLE = "systemctl is-system-running --wait >/dev/null; sleep 10; cat /proc/meminfo"


def measure(ground: Ground) -> list[Row]:
    """Rows of one boot."""
    require_tools()
    _, said = ground.meter.run(nodebake("build", RECIPE, "--json"), cwd=ground.project, env=ground.env())
    release = Path(json.loads(said)["manifest"]).parent
    folder = ground.work / "netboot"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with head(STOCK, folder) as here:
        here.publish(release)
        here.serve()
        return _boot(here, folder, ground.project / "keys/operator", release.name)


def _boot(here: Head, folder: Path, key: Path, version: str) -> list[Row]:
    log, known = folder / "serial.log", folder / "known_hosts"
    known.write_text("".join(f"{line}\n" for line in here.known_hosts()))
    options = ("BatchMode=yes", "ConnectTimeout=30", f"UserKnownHostsFile={known}", "LogLevel=ERROR")
    words = [word for option in options for word in ("-o", option)]
    login = here.lan.within("ssh", "-F", "none", "-i", key, *words, f"admin@{NODE.address}")

    def ssh(command: str) -> str | None:
        done = subprocess.run([*login, command], capture_output=True, text=True, check=False)
        return None if done.returncode else done.stdout

    with unattended(here.lan.within(*prepare(here, NODE, folder, log).argv()), folder / "emulator.log"):
        _until(lambda: log.exists() and "Starting kernel" in log.read_text(errors="replace"), "kernel")
        tftp = here.lan.received(port(NODE))
        _until(lambda: ssh("true") is not None, "ssh")
        nfs = here.lan.received(port(NODE)) - tftp
        found = re.search(r"MemAvailable: +(\d+) kB", ssh(IDLE) or "")
    if not found:
        raise Failed("the node does not tell its memory")
    facts = {
        "release": version,
        f"seconds until {NODES} such nodes have pulled it through 100 Mbit/s": {
            "TFTP": round(NODES * tftp / 1e6 / WIRE),
            "NFS": round(NODES * nfs / 1e6 / WIRE),
        },
    }
    figures = {"node-tftp": tftp, "node-nfs": nfs, "node-memory": MEMORY - int(found[1]) * 1024}
    made = {name: Figure("MB", (size / 1e6,)) for name, size in figures.items()}
    return [Row(name, figure.median, figure, None, facts) for name, figure in made.items()]


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Failed(f"the node did not come to its {what} in {PATIENCE} s")
        time.sleep(0.5)
