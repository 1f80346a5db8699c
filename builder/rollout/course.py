# SPDX-License-Identifier: Apache-2.0
"""Where a rollout stands, from its plan and all that has happened; and what is to be done now. Pure.

Whoever goes on after a kill reads the same events and comes to the same. What is to be done may have been
done already but for the event: each piece of work can be done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from builder.rollout.event import OVER, WAY, WRONG, Event, Said, Stage, Word
from builder.rollout.plan import Plan


class Verdict(StrEnum):
    """Whether further nodes are begun."""

    GOING = "going"
    PAUSED = "paused"
    STOPPED = "stopped"
    """More has failed than the limits allow."""
    ABORTED = "aborted"
    OVER = "over"


@dataclass(frozen=True)
class Progress:
    """Where one node is; `why` tells what went wrong, and `after` what it had reached by then."""

    stage: Stage = Stage.PLANNED
    why: str = ""
    after: Stage = Stage.PLANNED

    @property
    def begun(self) -> bool:
        return self.stage is not Stage.PLANNED


@dataclass(frozen=True)
class Task:
    """What is to be done with a node now: bring it to `stage`."""

    node: str
    stage: Stage


@dataclass(frozen=True)
class Course:
    """A plan with what has come of it."""

    plan: Plan
    progress: Mapping[str, Progress]
    paused: bool = False
    aborted: bool = False
    forgiven: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Verdict:
        if all(each.stage in OVER for each in self.progress.values()):
            return Verdict.OVER
        if self.aborted:
            return Verdict.ABORTED
        if len(set(self.wrong) - self.forgiven) > self.plan.limits.failures or not self._may_pass():
            return Verdict.STOPPED
        return Verdict.PAUSED if self.paused else Verdict.GOING

    @property
    def wrong(self) -> tuple[str, ...]:
        """The nodes that failed, whatever became of them since."""
        return tuple(name for name, each in self.progress.items() if each.stage in WRONG)

    @property
    def done(self) -> tuple[str, ...]:
        return self._at(Stage.DONE)

    @property
    def wave(self) -> tuple[str, ...]:
        """The wave that is being worked at: the first that is not over; empty when all are."""
        return next((wave for wave in self.plan.waves if not self._over(wave)), ())

    def tasks(self) -> tuple[Task, ...]:
        """What is to be done now, a task a node. Nothing when the rollout is over, or waits for a word."""
        return tuple(self._tasks())

    def _tasks(self) -> Iterator[Task]:
        verdict = self.verdict
        for name, each in self.progress.items():
            if each.stage is Stage.FAILED or (verdict is Verdict.ABORTED and self._under_way(each)):
                yield Task(name, Stage.RESTORED)
            elif self._under_way(each) or (verdict is Verdict.GOING and not each.begun and name in self.wave):
                yield Task(name, WAY[WAY.index(each.stage) + 1])

    def _under_way(self, each: Progress) -> bool:
        return each.begun and each.stage not in OVER

    def _over(self, wave: Iterable[str]) -> bool:
        return all(self.progress[name].stage in OVER for name in wave)

    def _may_pass(self) -> bool:
        """Whether enough of each wave that is over has arrived."""
        return all(
            sum(self.progress[name].stage is Stage.DONE for name in wave)
            >= self.plan.limits.success * len([name for name in wave if name not in self.forgiven])
            for wave in self.plan.waves
            if self._over(wave)
        )

    def _at(self, stage: Stage) -> tuple[str, ...]:
        return tuple(name for name, each in self.progress.items() if each.stage is stage)


def begin(plan: Plan) -> Course:
    """Before anything has happened."""
    return Course(plan, {name: Progress() for name in plan.nodes})


def follow(course: Course, event: Event) -> Course:
    """After `event`. What cannot come of where a node is, is passed over: a line read twice changes nothing.

    Who resumes knows of what has failed so far: it counts no longer.
    """
    if isinstance(event, Said):
        return replace(
            course,
            paused=event.word is Word.PAUSED or (course.paused and event.word is Word.ABORTED),
            aborted=course.aborted or event.word is Word.ABORTED,
            forgiven=frozenset(course.wrong) if event.word is Word.RESUMED else course.forgiven,
        )
    before = course.progress.get(event.node)
    if before is None or event.stage not in _following(before.stage):
        return course
    after = before.after if event.stage in (Stage.RESTORED, Stage.LOST) else before.stage
    why = event.why or (before.why if event.stage in WRONG else "")
    return replace(course, progress={**course.progress, event.node: Progress(event.stage, why, after)})


def fold(plan: Plan, events: Iterable[Event]) -> Course:
    """After all that has happened."""
    course = begin(plan)
    for event in events:
        course = follow(course, event)
    return course


def _following(stage: Stage) -> tuple[Stage, ...]:
    """What may come of a node that is at `stage`."""
    if stage in OVER:
        return ()
    if stage is Stage.FAILED:
        return (Stage.RESTORED, Stage.LOST)
    # Who aborts has nodes restored that did not fail.
    return (WAY[WAY.index(stage) + 1], Stage.FAILED, Stage.RESTORED, Stage.LOST)
