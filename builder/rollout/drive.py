# SPDX-License-Identifier: Apache-2.0
"""A rollout under way: what the course wants done is done, at several nodes at once, and written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from builder.errors import NodebakeError
from builder.rollout.course import Course, Task, fold
from builder.rollout.event import Reached, Stage
from builder.rollout.journal import Journal
from builder.rollout.work import Worker, reason

Tell = Callable[[Task, Reached], None]
AT_ONCE = 16
"""Nodes that are worked at at a time."""


@dataclass
class Drive:
    """One run of a rollout, until nothing is left to do. Said before and since: what the journal holds."""

    journal: Journal
    worker: Worker
    tell: Tell
    at_once: int = AT_ONCE
    _busy: dict[asyncio.Task[Reached], Task] = field(default_factory=dict)

    async def run(self) -> Course:
        """Go on where the journal ends. An interruption leaves what is under way to the next run."""
        course = fold(self.worker.plan, self.journal.events())
        try:
            while True:
                self._begin(course)
                if not self._busy:
                    return course
                over, _ = await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
                for each in over:
                    task, event = self._busy.pop(each), each.result()
                    self.journal.add(event)
                    self.tell(task, event)
                # The operator may have said a word from another terminal.
                course = fold(self.worker.plan, self.journal.events())
        finally:
            for each in self._busy:
                each.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)

    def _begin(self, course: Course) -> None:
        """Begin what is to be done and is not being done, as far as there is room."""
        working = {task.node for task in self._busy.values()}
        for task in course.tasks():
            if len(self._busy) >= self.at_once:
                return
            if task.node not in working:
                self._busy[asyncio.create_task(self._bring(task))] = task

    async def _bring(self, task: Task) -> Reached:
        try:
            why = await self.worker.bring(task)
        except NodebakeError as error:
            wrong = Stage.LOST if task.stage is Stage.RESTORED else Stage.FAILED
            return Reached(int(time.time()), task.node, wrong, reason(error))
        return Reached(int(time.time()), task.node, task.stage, why)
