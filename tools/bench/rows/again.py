# SPDX-License-Identifier: Apache-2.0
"""Builds that find most or all of their work done: one overlay file changed, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tools.bench.figure import Figure, Spent, wall
from tools.bench.ground import Ground
from tools.bench.measure import Failed
from tools.bench.result import Row

CHANGED = "overlays/bay-led/usr/lib/nodebake/bay-led"


def overlay(ground: Ground) -> list[Row]:
    """Each run changes the file anew; the whole `nodebake build`, all artifacts of the release included."""
    ground.warm()
    path = ground.project / CHANGED
    text = path.read_text()
    runs, done = [], []
    for number in range(ground.times(5)):
        path.write_text(f"{text}\n# Changed for the {number}. time.\n")
        mark = ground.meter.log.stat().st_size
        spent, said = ground.build("--progress", "json")
        done = built(ground.meter.log.read_bytes()[mark:].decode())
        _require(done, json.loads(said))
        runs.append(spent)
    path.write_text(text)
    facts = {"changed": CHANGED, "built again": done, "CPU s": sorted(round(run.cpu, 2) for run in runs)}
    return [_row("overlay", wall(runs), facts)]


def nothing(ground: Ground) -> list[Row]:
    """The same build again."""
    ground.warm()
    runs: list[Spent] = [ground.build()[0] for _ in range(ground.times(9))]
    return [_row("nothing", wall(runs), {"CPU s": sorted(round(run.cpu, 3) for run in runs)})]


def built(events: str) -> list[str]:
    """What was not cached, in order: kinds of steps, from the events of a build."""
    rows = (json.loads(line) for line in events.splitlines() if line.startswith("{"))
    return [row["label"] for row in rows if row["event"] == "step-done" and not row["cached"]]


def _require(done: list[str], answer: dict[str, str]) -> None:
    if {"helper", "packages", "firmware"} & set(done) or not {"files", "image"} <= set(done):
        raise Failed(f"an overlay file changed, and this was built: {', '.join(done)}")
    absent = [kind for kind in ("image", "index", "manifest") if not Path(answer[kind]).is_file()]
    if absent:
        raise Failed(f"the build made no {', '.join(absent)}")


def _row(key: str, figure: Figure, facts: Mapping[str, object]) -> Row:
    return Row(key, figure.median, figure, None, facts)
