# SPDX-License-Identifier: Apache-2.0
"""Builds steps of a plan and no output: what `nodebake build` does with them, alone in a process.

    python -m tools.bench.steps PROJECT LOCK UNTIL

UNTIL is the kind of the first step that is left out, or `outputs`. Prints seconds of wall clock by step.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path

from builder.archive.locking import read_lock
from builder.build.staff import worker_for
from builder.cli.workspace import workspace
from builder.errors import NodebakeError
from builder.plan.plan import make
from tools.bench import RECIPE


def main(project: Path, lock_path: Path, until: str) -> None:
    """Build what the store lacks."""
    work = workspace(Namespace(project=project, recipe=RECIPE, set=[], jobs=None))
    lock = read_lock(lock_path)
    assert lock
    plan = make(work.recipe, lock, work.workshop.machine)
    seconds = {}
    shown = {"project": project}
    with worker_for(plan.recipe.base.architecture, work.workshop, shown) as worker:
        for step in takewhile(lambda step: step.kind != until, plan.steps):
            if not work.workshop.store.has(step.id):
                began = time.monotonic()
                worker.ask({"build": {**asdict(step), "id": step.id}})
                seconds[f"{step.kind}  {step.label}"] = round(time.monotonic() - began, 2)
    print(json.dumps(seconds))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except NodebakeError as error:
        sys.exit("\n".join([error.message, *error.facts]))
