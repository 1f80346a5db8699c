# SPDX-License-Identifier: Apache-2.0
"""A cold root, from .debs that are there to the finished tree: against mmdebstrap, emulated and native."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from builder.archive.locking import write_lock
from builder.build.workshop import interpreter
from builder.lock.lock import Lock, Request
from tools.bench.figure import Spent, cpu, wall
from tools.bench.ground import ROOT, Ground, python
from tools.bench.result import Row

KERNEL = ("initramfs-tools", "linux-image-arm64", "raspi-firmware")
"""What makes a root bootable: under full emulation its initramfs alone takes many minutes."""
NAMES = {"linux-image-arm64": "linux-image-amd64"}
ABSENT = ("raspi-firmware",)
"""What amd64 has not."""


def emulated(ground: Ground) -> list[Row]:
    """Without a kernel, against mmdebstrap with everything emulated. The same .debs on both sides."""
    lock = ground.other_lock(without(ground.lock.request, KERNEL))
    ours = [_ours(ground, lock, until="firmware")[0] for _ in range(ground.times(3))]
    # Many minutes, once.
    peer = [_peer(ground, lock)]
    facts = {"packages": len(lock.packages), "left out": list(KERNEL)}
    return [Row.of_ratio("root-emulated", cpu(ours), cpu(peer), facts)]


def native(ground: Ground) -> list[Row]:
    """With kernel, initramfs and firmware, against mmdebstrap for this machine's own architecture."""
    lock = ground.lock
    other = ground.other_lock(on_amd64(lock.request))
    ours: list[Spent] = []
    peer: list[Spent] = []
    steps: dict[str, float] = {}
    # In turn, so that a drift of the machine meets both.
    for _ in range(ground.times(3)):
        spent, steps = _ours(ground, lock, until="outputs")
        ours.append(spent)
        peer.append(_peer(ground, other))
    mine, its = ({package.name for package in each.packages} for each in (lock, other))
    facts = {
        "packages": len(lock.packages),
        "packages of the peer": len(other.packages),
        "left out": list(ABSENT),
        "only in the arm64 root": sorted(mine - its),
        "only in the amd64 root": sorted(its - mine),
        "wall seconds by step": steps,
    }
    return [
        Row.of_ratio("root-native-cpu", cpu(ours), cpu(peer), facts),
        Row.of_ratio("root-native-wall", wall(ours), wall(peer), {}),
    ]


def without(request: Request, names: Iterable[str]) -> Request:
    """The same request but for these packages."""
    left = set(names)
    return replace(request, packages=tuple(name for name in request.packages if name not in left))


def on_amd64(request: Request) -> Request:
    """The same names as amd64 has them."""
    kept = without(request, ABSENT)
    names = sorted(NAMES.get(name, name) for name in kept.packages)
    return replace(kept, architecture="amd64", packages=tuple(names))


def _ours(ground: Ground, lock: Lock, *, until: str) -> tuple[Spent, dict[str, float]]:
    """A run in a store that has .debs and helper and nothing else; also the wall seconds by step."""
    path = ground.work / "measured.lock"
    write_lock(path, lock)
    with ground.cold_store() as store:
        _steps(ground, store, path, "packages")
        # That was the helper, which is no part of the comparison.
        ground.meter.runs.pop()
        spent, said = _steps(ground, store, path, until)
        return spent, json.loads(said)


def _steps(ground: Ground, store: Path, lock: Path, until: str) -> tuple[Spent, str]:
    argv = python("tools.bench.steps", str(ground.project), str(lock), until)
    return ground.meter.run(argv, cwd=ROOT, env=ground.env(store))


def _peer(ground: Ground, lock: Lock) -> Spent:
    """A run of mmdebstrap with the packages of `lock`, as they lie in the store."""
    architecture = lock.request.architecture
    foreign = interpreter(ground.workspace.workshop, architecture)
    order = {
        "do": "mmdebstrap",
        "architecture": architecture,
        "emulator": foreign.emulator if foreign else "",
        "debs": [package.sha256 for package in lock.packages],
    }
    with ground.peers() as worker:
        return ground.ask(worker, order)
