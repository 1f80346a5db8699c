# SPDX-License-Identifier: Apache-2.0
"""The memory of a cold build, in a run of its own: looking at all processes disturbs what is timed."""

from __future__ import annotations

from tools.bench import RECIPE
from tools.bench.figure import Figure
from tools.bench.ground import Ground, nodebake
from tools.bench.result import Row


def measure(ground: Ground) -> list[Row]:
    """From an empty store but for the .debs to the released image."""
    with ground.cold_store() as store:
        out = ground.work / "cold-out"
        ground.remove(out)
        argv = nodebake("build", RECIPE, "--locked")
        peak = ground.meter.peak(argv, cwd=ground.project, env=ground.env(store, out))
        ground.remove(out)
    facts = {
        "looks": peak.looks,
        "at the peak": list(peak.holders),
        "MB in tmpfs at most, not counted": round(peak.tmpfs / 1e6, 1),
    }
    figure = Figure("MB", (peak.bytes / 1e6,))
    return [Row("memory", figure.median, figure, None, facts)]
