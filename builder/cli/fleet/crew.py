# SPDX-License-Identifier: Apache-2.0
"""The nodes that a command line names, as machines that all are logged in to at once."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from builder.cli.project import Project, project_of
from builder.cluster.cluster import Cluster, Node
from builder.cluster.ssh_file import SshModel
from builder.fleet.connect import Access
from builder.fleet.gather import Fleet, fleet
from builder.fleet.machine import Machine, head_machine, node_machine
from builder.fleet.order import Order, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


@dataclass(frozen=True)
class Crew:
    """Nodes of a project, and how they are logged in to."""

    project: Project
    cluster: Cluster
    nodes: tuple[Node, ...]
    via_head: bool = False
    patience: float | None = None
    """Seconds to wait for a login, where they are to be fewer than the cluster's own."""

    @property
    def machines(self) -> list[Machine]:
        return [node_machine(self.cluster, node, via_head=self.via_head) for node in self.nodes]

    def script(self, text: str, *words: str, within: float) -> Order:
        """An order that root carries out: who logs in may have it by sudo, without a question."""
        return Order.script(text, *words, within=within, sudo=self.cluster.ssh.user != "root")

    def gather(self, order: Order, told: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
        """The order on all of them; outcomes in the order of the nodes."""
        return self.with_fleet(lambda fleet: fleet.gather(self.machines, order, told))

    def with_fleet(self, work: Callable[[Fleet], Awaitable[T]]) -> T:
        """Whatever `work` does with the connections, which end with it."""

        async def whole() -> T:
            access = Access(self._ssh, self.project.root)
            async with fleet(access, head_machine(self.cluster)) as opened:
                return await work(opened)

        return asyncio.run(whole())

    @property
    def _ssh(self) -> SshModel:
        ssh = self.cluster.ssh
        return ssh.model_copy(update={"timeout": min(ssh.timeout, self.patience or ssh.timeout)})


def crew_of(
    arguments: Namespace, words: Sequence[str] | None = None, *, patience: float | None = None
) -> Crew:
    """The nodes that the words name; every node when there are no words."""
    project = project_of(arguments)
    cluster = project.cluster()
    given = list(arguments.nodes if words is None else words)
    nodes = cluster.select(given) if given else cluster.nodes
    return Crew(project, cluster, nodes, arguments.jump, patience)
