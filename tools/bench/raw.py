# SPDX-License-Identifier: Apache-2.0
"""The raw image of a recipe whose tree is in the store, by the code of builds; nothing is read off it.

    python -m tools.bench.raw PROJECT LOCK OUT

Prints the image's path.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from builder.archive.locking import read_lock
from builder.build.deliver import delivery
from builder.cli.workspace import workspace
from builder.errors import NodebakeError
from builder.host.worker import Worker
from builder.plan.plan import make
from tools.bench import INSIDE, RECIPE


def main(project: Path, lock_path: Path, out: Path) -> None:
    """Write the image below `out`, which must belong to the mapped root."""
    work = workspace(Namespace(project=project, recipe=RECIPE, set=[], jobs=None))
    lock = read_lock(lock_path)
    assert lock
    plan = make(work.recipe, lock, work.workshop.machine)
    made = plan.outputs[0]
    place = delivery(RECIPE, "raw", made.output, out, out)
    order = {**place.outcome.order(plan, made, former=""), "out": "out"}
    shown = {"store": work.workshop.store.root, "out": out}
    with Worker(INSIDE, work.workshop.ids, shown) as worker:
        worker.ask({"do": "raw", "output": order})
    print(out / f"{place.stem}.img")


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:4]))
    except NodebakeError as error:
        sys.exit("\n".join([error.message, *error.facts]))
