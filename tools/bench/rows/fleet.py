# SPDX-License-Identifier: Apache-2.0
"""One command on 60 nodes over ssh: at the first login, on connections that are kept, and clush beside it.

The nodes are real ssh servers of this machine: what they take is in the wall seconds of both, and in nobody's
processor seconds.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.figure import Figure, cpu, wall
from tools.bench.ground import ROOT, Ground, nodebake
from tools.bench.measure import Failed
from tools.bench.result import Row

NODES = 60
EACH = 15  # addresses of a server, which listens at sixteen at most
NETWORK = "127.0.4"
COMMAND = "true"


def measure(ground: Ground) -> list[Row]:
    """Three rows."""
    folder = ground.work / "fleet"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "recipes").mkdir(parents=True)
    with servers(folder) as port:
        write(folder, port)
        ours = ["--project", str(folder), "run", "@all"]
        runs = ground.times(5)
        mine, theirs, kept = [], [], []
        for _ in range(runs):
            words = nodebake(*ours, "--", COMMAND)
            mine.append(ground.meter.run(words, cwd=ROOT, env=ground.env())[0])
            theirs.append(ground.meter.run(clush(folder, port), cwd=ROOT, env=ground.env())[0])
            twice = [sys.executable, "-m", "tools.bench.twice", str(folder), COMMAND]
            kept.append(float(json.loads(ground.meter.run(twice, cwd=ROOT, env=ground.env())[1])["second"]))
    facts = {"nodes": NODES, "clush wall s": sorted(round(run.wall, 2) for run in theirs)}
    cold, second = wall(mine), Figure("s", tuple(kept))
    return [
        Row("fleet-cold", cold.median, cold, None, facts),
        Row("fleet-kept", second.median, second, None, {"nodes": NODES}),
        Row.of_ratio("fleet-cpu", cpu(mine), cpu(theirs), facts),
    ]


def clush(folder: Path, port: int) -> list[str]:
    """The peer's command line: as many at once, the same keys, folded too."""
    hosts = folder / "clush_hosts"
    options = f"-F none -i {folder / 'operator'} -p {port} -o BatchMode=yes -o UserKnownHostsFile={hosts}"
    program = Path(sys.executable).with_name("clush")
    return [
        str(program),
        "-q",
        "-b",
        "-f",
        str(NODES),
        "-o",
        options,
        "-w",
        f"{NETWORK}.[1-{NODES}]",
        COMMAND,
    ]


def write(folder: Path, port: int) -> None:
    """The project, and the peer's file of host keys."""
    kind, key = (folder / "host.pub").read_text().split()[:2]
    numbers = range(1, NODES + 1)
    (folder / "known_hosts").write_text("".join(f"node{n:02},{NETWORK}.{n} {kind} {key}\n" for n in numbers))
    (folder / "clush_hosts").write_text("".join(f"[{NETWORK}.{n}]:{port} {kind} {key}\n" for n in numbers))
    nodes = "".join(f"  - {{number: {n}}}\n" for n in numbers)
    user = Path("~").expanduser().owner()
    (folder / "cluster.yaml").write_text(
        f"format: 1\nhead: {{name: sevastopol, board: pi3bplus, address: {NETWORK}.250}}\n"
        f"networks:\n  lan: {{subnet: {NETWORK}.0/24, first: {NETWORK}.1}}\n"
        f"ssh: {{user: {user}, port: {port}, key: operator}}\n"
        f"defaults: {{board: pi3b, network: lan}}\nnodes:\n{nodes}"
    )


@contextmanager
def servers(folder: Path) -> Iterator[int]:
    """Servers at all addresses while the body runs; their port."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if sshd is None:
        raise Failed("there is no sshd here")
    for name in ("operator", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    running = []
    try:
        for first in range(1, NODES + 1, EACH):
            listen = "".join(f"ListenAddress {NETWORK}.{n}\n" for n in range(first, first + EACH))
            settings = folder / f"sshd-{first}"
            settings.write_text(
                f"{listen}Port {port}\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\nStrictModes no\n"
                f"AuthorizedKeysFile {folder / 'operator.pub'}\nPermitRootLogin yes\nMaxStartups 200\n"
            )
            running.append(subprocess.Popen(started([sshd, "-D", "-f", str(settings)], folder)))
        _wait(port)
        yield port
    finally:
        for process in running:
            process.terminate()
            process.wait()


def started(argv: list[str], folder: Path) -> list[str]:
    """Root's server wants a folder below /run, and root's own shell may be slow: a namespace has both."""
    if os.geteuid() != 0:
        return argv
    passwd = folder / "passwd"
    passwd.write_text(re.sub(r"(?m)^(root:.*):[^:]*$", r"\1:/bin/sh", Path("/etc/passwd").read_text()))
    mounts = f"mount -t tmpfs none /run && mount --bind {shlex.quote(str(passwd))} /etc/passwd"
    return ["unshare", "--mount", "sh", "-c", f"{mounts} && mkdir /run/sshd && exec {shlex.join(argv)}"]


def _wait(port: int) -> None:
    until = time.monotonic() + 20
    for number in range(1, NODES + 1, EACH):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((f"{NETWORK}.{number}", port)) == 0:
                    break
            if time.monotonic() > until:
                raise Failed("the ssh servers do not listen")
            time.sleep(0.05)
