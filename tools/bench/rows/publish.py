# SPDX-License-Identifier: Apache-2.0
"""Publishing to 60 nodes with the head's limits: instances, a small change, a switch; and `rsync -a`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.head.node import inventory
from builder.head.release.signature import NAMESPACE
from tools.bench.card import Card, Unable, card
from tools.bench.figure import Figure, wall
from tools.bench.ground import ROOT, Ground, nodebake
from tools.bench.measure import Failed
from tools.bench.result import Row

RECIPE = "minimal-netboot"
CHANGED = "overlays/node-name/usr/lib/nodebake/node-name"
NODES = 60
COPIED = 4


def measure(ground: Ground) -> list[Row]:
    """Rows of publishing. Raises Failed where the head's card cannot be had."""
    first, second = releases(ground)
    try:
        with card(ground.work) as place:
            return rows(ground, place, first, second)
    except Unable as error:
        raise Failed(str(error)) from error


def releases(ground: Ground) -> tuple[Path, Path]:
    """Two releases that differ by one file of an overlay."""
    path = ground.project / CHANGED
    text = path.read_text()
    made = []
    for change in ("", "\n# Changed.\n"):
        path.write_text(text + change)
        words = nodebake("build", RECIPE, "--json")
        _, said = ground.meter.run(words, cwd=ground.project, env=ground.env())
        made.append(Path(json.loads(said)["manifest"]).parent)
    path.write_text(text)
    if made[0] == made[1]:
        raise Failed(f"{CHANGED} is not in {RECIPE}: both releases are {made[0].name}")
    return made[0], made[1]


def rows(ground: Ground, place: Card, first: Path, second: Path) -> list[Row]:
    """What 60 nodes cost, from the first release to the second and back."""
    head = make_head(place.place, ground.work / "card-key")
    for release in (first, second):
        head.sign(release)
    # The release is there, and one node boots it: what follows is the others' share.
    ground.meter.run(head.publish(place, first, "--nodes", "node01"), cwd=ROOT, env=head.env)
    before = used(head.pxe)
    made, _ = ground.meter.run(head.publish(place, first), cwd=ROOT, env=head.env)
    each = (used(head.pxe) - before) / (NODES - 1)
    changed = [ground.meter.run(head.publish(place, second), cwd=ROOT, env=head.env)[0]]
    switched = []
    for number in range(ground.times(6)):
        argv = head.rollback(place) if number % 2 == 0 else head.publish(place, second)
        switched.append(ground.meter.run(argv, cwd=ROOT, env=head.env)[0])
    peer = copies(ground, place, first)
    facts = {"release": first.name, "limits": "15 MB/s, 1 GB", "nodes": NODES}
    size = Figure("MB", (each / 1e6,))
    return [
        Row("instances", made.wall, wall([made]), peer, {**facts, "peer": f"rsync -a of {COPIED}, scaled"}),
        Row("instance-size", size.median, size, None, facts),
        Row("publish", wall(changed).median, wall(changed), None, facts),
        Row("switch", wall(switched).median, wall(switched), None, facts),
    ]


def copies(ground: Ground, place: Card, release: Path) -> Figure:
    """What is done by hand today: the root copied for each node, here for a few, on the same card."""
    base = ground.work / "card-tree"
    shutil.rmtree(base, ignore_errors=True)
    layer = next(release.glob("*.base.squashfs"))
    subprocess.run(
        ["unsquashfs", "-no-progress", "-quiet", "-d", str(base), str(layer)], check=True, capture_output=True
    )
    argv = [
        "sh",
        "-c",
        'for n in 1 2 3 4; do rsync -a "$1/" "$2/root_node0$n/" && sync -f "$2" || exit; done',
    ]
    spent, _ = ground.meter.run([*place.limited, *argv, "sh", str(base), str(place.place)], cwd=ROOT, env={})
    shutil.rmtree(base)
    return Figure("s", (spent.wall * NODES / COPIED,))


def used(folder: Path) -> int:
    """Bytes on the disk, each file once."""
    done = subprocess.run(["du", "-s", "--block-size=1", folder], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


@dataclass(frozen=True)
class Bench:
    """A head on the card, with keys and an inventory."""

    pxe: Path
    etc: Path
    key: Path
    nodes: Path

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def sign(self, release: Path) -> None:
        (release / "manifest.json.sig").unlink(missing_ok=True)
        argv = [
            "ssh-keygen",
            "-q",
            "-Y",
            "sign",
            "-f",
            str(self.key),
            "-n",
            NAMESPACE,
            str(release / "manifest.json"),
        ]
        subprocess.run(argv, check=True, capture_output=True)

    def publish(self, place: Card, release: Path, *words: str) -> Sequence[str]:
        known = ["--inventory", str(self.nodes), "--nfs", "kernel"]
        return self._argv(place, "publish", str(release), *known, *words)

    def rollback(self, place: Card) -> Sequence[str]:
        return self._argv(place, "rollback")

    def _argv(self, place: Card, *words: str) -> Sequence[str]:
        # As the package has it: isolated, and with Debian's own Python.
        start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from builder.head.main import entry; entry()"
        places = ["--pxe", str(self.pxe), "--etc", str(self.etc)]
        python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
        return [*place.limited, python, "-I", "-c", start, *places, *words]


def make_head(place: Path, key: Path) -> Bench:
    """Keys, trust and an inventory of 60 nodes."""
    head = Bench(place / "pxe", place / "etc", key, place / "nodes.json")
    head.pxe.mkdir()
    (head.etc / "nodebake").mkdir(parents=True)
    for path in (key, key.with_name(f"{key.name}.pub")):
        path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])
    (head.etc / "nodebake/allowed_signers").write_text(f'bench namespaces="{NAMESPACE}" {public}\n')
    nodes = tuple(
        inventory.Node(f"node{n:02d}", n, f"b8:27:eb:00:00:{n:02x}", f"10.42.0.{n}", "pi3b")
        for n in range(1, NODES + 1)
    )
    known = inventory.Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), nodes)
    head.nodes.write_text(inventory.dump(known))
    return head
