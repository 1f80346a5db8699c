# SPDX-License-Identifier: Apache-2.0
"""The operator's desk: `nodebake`, as it is called on the head of a network of one's own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from builder.boot.netboot.head import LAYOUT, Head
from tests.boot.network.bay import URL
from tests.fixtures import ROOT, Site

_BIN = Path("/usr/local/sbin")


@dataclass(frozen=True)
class Desk:
    """A project with the site's keys and releases, in whose cluster are the head's nodes."""

    head: Head
    root: Path
    releases: Path

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb of nodebake on the head."""
        argv = self.head.lan.within(sys.executable, "-m", "builder", "--project", self.root, *words)
        own = {"HOME": str(self.root / "home"), "NODEBAKE_OUT": str(self.releases), "SSH_AUTH_SOCK": ""}
        return subprocess.run(
            argv,
            env={**os.environ, "PYTHONPATH": str(ROOT), **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def tell(self, *words: str) -> str:
        """What it writes; AssertionError when it fails."""
        done = self.call(*words)
        assert done.returncode == 0, (
            f"nodebake {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout.strip()

    def on(self, node: str, command: str) -> str:
        """What a command on a node writes."""
        return self.tell("run", node, "--timeout", "300", "--", command)


def desk(head: Head, site: Site, root: Path) -> Desk:
    """The operator of the site sits down at this head, which trusts the releases that the site signs."""
    (root / "recipes").mkdir(parents=True)
    shutil.copytree(site.root / "keys", root / "keys")
    for name in ("site.yaml", "release_signers"):
        shutil.copy(site.root / name, root)
    stock = head.inventory
    rows = "".join(f'  - {{number: {node.number}, mac: "{node.mac}"}}\n' for node in stock.nodes)
    (root / "cluster.yaml").write_text(
        f"format: 1\nhead: {{name: {stock.name}, board: pi3bplus, address: {stock.address}}}\n"
        "networks: {lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}}\n"
        "ssh: {user: admin, key: keys/operator, timeout: 20}\n"
        f'power: {{rack: {{driver: bladerunner, url: "{URL}"}}}}\n'
        f"defaults: {{board: pi3b, network: lan, power: rack}}\nnodes:\n{rows}"
    )
    head.lan.write(LAYOUT.signers, (site.root / "release_signers").read_text(encoding="utf-8"))
    # What the head has installed, seen in its namespaces alone.
    head.lan.run("mount", "-t", "tmpfs", "tmpfs", _BIN)
    program = [sys.executable, "-m", "builder.head", "--pxe", LAYOUT.pxe, "--etc", LAYOUT.etc]
    head.lan.write(
        _BIN / "nodebake-head",
        '#!/bin/sh\ncase $1 in publish | assign | settle) set -- "$@" --nfs ganesha ;; esac\n'
        f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(map(str, program))} "$@"\n',
        mode="755",
    )
    # And the journal of its dnsmasq, which is a file here.
    head.lan.write(
        _BIN / "journalctl",
        f"#!/bin/sh\nexec cat {shlex.quote(str(head.lan.logs))}/dnsmasq.log\n",
        mode="755",
    )
    return Desk(head, root, site.root / "out")
