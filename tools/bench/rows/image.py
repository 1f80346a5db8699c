# SPDX-License-Identifier: Apache-2.0
"""A cached tree to a raw image: against genimage by processor time, against `cp -a` by wall clock."""

from __future__ import annotations

import shutil
from pathlib import Path

from builder.host.worker import SHOWN
from builder.image.layout import BOOT_MOUNT, Layout, layout_of
from builder.image.placement import parse_head
from tools.bench import genimage
from tools.bench.figure import Spent, cpu, wall
from tools.bench.ground import ROOT, Ground, python
from tools.bench.result import Row


def measure(ground: Ground) -> list[Row]:
    """Our whole process, from reading the recipe to the written image, against theirs on plain files."""
    ground.warm()
    layout, _ = _raw(ground)
    one, two = (
        genimage.one_tree(layout),
        genimage.two_trees(layout, SHOWN / "place/boot", SHOWN / "place/root"),
    )
    copies: list[Spent] = []
    single: list[Spent] = []
    ours: list[Spent] = []
    times = range(ground.times(5))
    with ground.peers() as worker:
        worker.ask({"do": "tree", "tree": [step.id for step in ground.plan.tree]})
        # In turn, so that a drift of the machine meets all of them.
        for _ in times:
            copies.append(ground.ask(worker, {"do": "copy"}))
            single.append(ground.ask(worker, {"do": "genimage", "config": one}))
            ours.append(_raw(ground)[1])
        worker.ask({"do": "split", "boot": BOOT_MOUNT})
        double = [ground.ask(worker, {"do": "genimage", "config": two}) for _ in times]
    figures = {"image bytes": layout.size, "CPU s of `cp -a`": cpu(copies).dump()}
    apart = {
        "genimage on two trees, taken apart before": cpu(double).dump(),
        "wall of genimage": wall(single).dump(),
    }
    return [
        Row.of_ratio("image-cpu", cpu(ours), cpu(single), {**figures, **apart}),
        Row.of_ratio("image-wall", wall(ours), wall(copies), {}),
    ]


def _raw(ground: Ground) -> tuple[Layout, Spent]:
    """Make the image: how it was laid out, and what it took."""
    out = ground.work / "raw"
    with ground.inside(raw=out):
        pass
    argv = python("tools.bench.raw", str(ground.project), str(ground.workspace.lock_path), str(out))
    spent, said = ground.meter.run(argv, cwd=ROOT, env=ground.env())
    image = Path(said.strip())
    layout = layout_of(parse_head(image.with_suffix(".img.placement")))
    assert image.stat().st_size == layout.size
    shutil.rmtree(out)
    return layout, spent
