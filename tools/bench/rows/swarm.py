# SPDX-License-Identifier: Apache-2.0
"""Many nodes that are flashed at once, on wires of 100 Mbit/s, against one alone: `tests/swarm`.

The nodes are network namespaces with real ssh servers and cards of 15 MB/s, all on this machine's processors.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

from tools.bench.figure import Figure
from tools.bench.ground import ROOT, Ground
from tools.bench.measure import Failed
from tools.bench.result import Row

NODES = (8, 16, 32)
GOAL = 16
SIZE = 96
_NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_SECONDS = 300


def measure(ground: Ground) -> list[Row]:
    """One row, of sixteen; its facts have the others. Raises Failed for who may not make such nodes."""
    if os.geteuid() != 0:
        raise Failed("nodes with cards of their own are for root to make")
    alone = _flash(ground, 1, swarm=False)
    many = {nodes: _flash(ground, nodes) for nodes in NODES}
    one = alone["seconds"]["node01"]
    facts: dict[str, Any] = {
        "image MiB": SIZE,
        "limits": "100 Mbit/s and 15 MB/s, each way",
        "last ÷ one alone": {str(nodes): round(_last(told) / one, 2) for nodes, told in many.items()},
        "MB from the head": {str(nodes): _from_head(told) for nodes, told in many.items()},
        "MB for one alone": _from_head(alone),
        "MB of memory": round(max(told["memory"] for told in many.values()) / 1e6, 1),
    }
    ours = Figure("s", (_last(many[GOAL]),))
    return [Row.of_ratio("swarm", ours, Figure("s", (one,)), facts)]


def _flash(ground: Ground, nodes: int, *, swarm: bool = True) -> dict[str, Any]:
    folder = ground.work / "swarm"
    shutil.rmtree(folder, ignore_errors=True)
    wish = {"folder": str(folder), "nodes": nodes, "size": SIZE, "swarm": swarm}
    argv = ["unshare", *_NAMESPACES, sys.executable, "-m", "tests.swarm.inside", json.dumps(wish)]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, cwd=ROOT, timeout=_SECONDS, check=True)
    except subprocess.SubprocessError as error:
        raise Failed(f"{nodes} nodes could not be flashed: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if len(told["same"]) != nodes:
        raise Failed(f"of {nodes} nodes {len(told['same'])} were flashed: {told['faults']}")
    return told


def _last(told: dict[str, Any]) -> float:
    return float(max(told["seconds"].values()))


def _from_head(told: dict[str, Any]) -> float:
    moved: int = sum(each["moved"] - each["from_nodes"] for each in told["receipts"].values())
    return round(moved / 1e6, 1)
