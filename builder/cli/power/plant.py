# SPDX-License-Identifier: Apache-2.0
"""What every power verb works on: the inventory, its power settings, the nodes that were named."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from builder.cli.project import project_of
from builder.cluster.cluster import Cluster, Node
from builder.fleet.connect import Access
from builder.power import settings
from builder.power.outlet import State
from builder.power.reach import Reach
from builder.power.settings import Power
from builder.power.switchboard import Switchboard, open_switchboard
from builder.report.report import Report


@dataclass(frozen=True)
class Plant:
    """The cluster of a project, as its power is seen."""

    cluster: Cluster
    power: Power
    reach: Reach
    report: Report

    def nodes(self, words: Iterable[str]) -> tuple[Node, ...]:
        """The nodes that the words name; every node when there are no words."""
        given = list(words)
        return self.cluster.select(given) if given else self.cluster.nodes

    @asynccontextmanager
    async def switchboard(self) -> AsyncIterator[Switchboard]:
        """The drivers, while the body runs; what is tried again is told as a warning."""
        async with open_switchboard(self.cluster, self.power, self.reach, self.report.warn) as board:
            yield board


def plant_of(arguments: Namespace, report: Report) -> Plant:
    """The plant of the project that the command line names, or that we are in."""
    project = project_of(arguments)
    cluster = project.cluster()
    power = settings.require(cluster)
    return Plant(cluster, power, Reach(Access(cluster.ssh, project.root), power.sequence), report)


def as_json(node: Node, state: State, **more: Any) -> dict[str, Any]:
    """A node's line of an answer."""
    return {"number": node.number, "name": node.name, "state": str(state), **more}
