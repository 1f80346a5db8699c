# SPDX-License-Identifier: Apache-2.0
"""A command twice on all nodes of a project, on the same connections; the seconds of each."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from builder.cli.fleet.crew import Crew
from builder.cli.project import Project
from builder.fleet.gather import Fleet
from builder.fleet.order import Order


def main(folder: Path, command: str) -> None:
    """Raises SystemExit when it does not go well on all of them."""
    project = Project(folder)
    cluster = project.cluster()
    crew = Crew(project, cluster, cluster.nodes)

    async def both(fleet: Fleet) -> list[float]:
        return [await once(fleet), await once(fleet)]

    async def once(fleet: Fleet) -> float:
        began = time.monotonic()
        outcomes = await fleet.gather(crew.machines, Order(command))
        if not all(each.well for each in outcomes):
            sys.exit("some nodes failed")
        return time.monotonic() - began

    first, second = crew.with_fleet(both)
    print(json.dumps({"first": first, "second": second}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
