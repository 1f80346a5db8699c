# SPDX-License-Identifier: Apache-2.0
"""A rollout carried out from here: head, power and nodes are opened, and driven until all is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass, replace
from typing import Any

from builder.cli.at_head import AtHead
from builder.cli.fleet.crew import Crew
from builder.cli.rollout.bars import Bars
from builder.cli.rollout.tell import Teller
from builder.cli.workspace import out_root
from builder.deploy.publish import release_of
from builder.deploy.remote import call
from builder.deploy.serving import served, served_here
from builder.deploy.stock import by_card_alone
from builder.errors import NodebakeError
from builder.flash.pack import packed
from builder.fleet.connect import Access
from builder.fleet.gather import fleet
from builder.fleet.machine import head_machine
from builder.host.scratch import scratch
from builder.power import settings
from builder.power.reach import Reach
from builder.power.switchboard import open_switchboard
from builder.report.report import Report
from builder.report.silent import SilentReport
from builder.rollout.course import Course
from builder.rollout.drive import Drive
from builder.rollout.journal import Journal
from builder.rollout.orders import Wish, order
from builder.rollout.plan import Plan
from builder.rollout.site import Progress, Site
from builder.rollout.visit import Visit, pack
from builder.rollout.work import Worker, reason


@dataclass(frozen=True)
class Conduct:
    """What a rollout takes. `inventory` is a file of the head."""

    crew: Crew
    head: AtHead
    inventory: str
    wish: Wish
    report: Report

    def run(self, journal: Journal) -> Course:
        """Drive it until nothing is left to do."""
        plan = journal.plan()
        with self._served(plan) as url, self._visit(plan) as visit:
            return asyncio.run(self._drive(journal, url, visit))

    def take_back(self, journal: Journal, nodes: Sequence[str]) -> list[str]:
        """Take nodes that arrived back to what they ran before; what went wrong with whom."""
        plan = journal.plan()
        with self._served(plan) if plan.cards else nullcontext("") as url, self._visit(plan) as visit:
            return asyncio.run(self._take_back(plan, nodes, url, visit))

    @property
    def _from_card(self) -> bool:
        """Whether these nodes boot from nothing but their cards; a rollout is for one kind of nodes."""
        return any(by_card_alone(self.crew.cluster, node) for node in self.crew.nodes)

    def _served(self, plan: Plan) -> AbstractContextManager[str]:
        """Serve the plan's release, and what nodes had on their cards before: on the head, or here."""
        also = sorted({plan.former[node] for node in plan.cards} - {plan.release})
        if not self._from_card:
            return served(self.head.head, plan.release, also=also, sudo=self.head.sudo)
        return served_here(out_root(self.crew.project), plan.release, also)

    @contextmanager
    def _visit(self, plan: Plan) -> Iterator[Visit | None]:
        """The flasher as a guest on cards, while the body runs; None where nodes boot it over the network."""
        if not self._from_card:
            yield None
            return
        folder = out_root(self.crew.project) / plan.flasher
        with scratch("visit") as place:
            yield pack(release_of(folder, plan.flasher), folder, place / "visit.tar")

    async def _drive(self, journal: Journal, url: str, visit: Visit | None) -> Course:
        plan = journal.plan()
        with Bars(self.report, len(plan.nodes)) as bars:
            async with self._site(plan, url, bars) as site:
                worker = Worker(site, plan, self.wish.asked.check, self.wish.asked.up_within, visit)
                return await Drive(journal, worker, Teller(plan, self.report)).run()

    async def _take_back(self, plan: Plan, nodes: Sequence[str], url: str, visit: Visit | None) -> list[str]:
        async with self._site(plan, url, lambda *_: None) as site:
            worker = Worker(site, plan, up_seconds=self.wish.asked.up_within, visit=visit)
            done = await asyncio.gather(*map(worker.take_back, nodes), return_exceptions=True)
        for fault in done:
            if isinstance(fault, BaseException) and not isinstance(fault, NodebakeError):
                raise fault
        return [reason(fault) for fault in done if isinstance(fault, NodebakeError)]

    @asynccontextmanager
    async def _site(self, plan: Plan, url: str, progress: Progress) -> AsyncIterator[Site]:
        """Nodes, head and power, while the body runs."""
        cluster, boards = self.crew.cluster, {node.name: node.board for node in self.crew.nodes}

        alone = self._from_card

        def ordered(node: str, release: str, source: str) -> dict[str, Any]:
            # Who goes back does so alone, and who sees no other node, too.
            swarm = release == plan.release and not alone and self.wish.swarms(plan, node)
            wish = self._wish(plan, release)
            return order(node, boards[node], release, source, wish, swarm=swarm, from_card=alone)

        access = Access(cluster.ssh, self.crew.project.root)
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(fleet(access, head_machine(cluster)))
            board = None
            if cluster.power:
                power = settings.require(cluster)
                switching = open_switchboard(cluster, power, Reach(access, power.sequence), self.report.warn)
                board = await stack.enter_async_context(switching)
            yield Site(
                opened,
                {machine.name: machine for machine in self.crew.machines},
                {node.name: node for node in self.crew.nodes},
                self._call,
                board,
                ordered,
                packed(),
                url,
                alone,
                progress,
            )

    def _wish(self, plan: Plan, release: str) -> Wish:
        """Who goes back goes back to something older."""
        if release == plan.release:
            return self.wish
        return replace(self.wish, asked=replace(self.wish.asked, older=True))

    def _call(self, *words: str) -> Any:
        more = ("--inventory", self.inventory) if words[0] == "assign" else ()
        return call(self.head.head, SilentReport(), *words, *more, sudo=self.head.sudo).value
