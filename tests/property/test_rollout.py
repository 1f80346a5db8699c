# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to nodes, operator and program: waves are kept to, and nobody is left half-way."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.rollout.course import Course, Verdict, fold, follow
from builder.rollout.event import OVER, Event, Reached, Said, Stage, Word
from builder.rollout.plan import Limits, Plan, waves

NODES = tuple(f"n{number}" for number in range(7))
plans = st.builds(
    lambda canaries, size, success, failures: Plan(
        "r/2", "f/1", waves(NODES, sorted(canaries), size), Limits(success, failures)
    ),
    st.sets(st.sampled_from(NODES), max_size=2),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 3),
)


@dataclass
class World:
    """What goes on, decided by `draw`: the journal is all that a kill leaves."""

    plan: Plan
    draw: st.DataObject
    journal: list[Event] = field(default_factory=list)

    def step(self, course: Course, *, words: bool) -> Course | None:
        """One thing that happens; None when nothing is left to do."""
        if words and self.draw.draw(st.integers(0, 9)) == 0:
            return self._told(course, Said(0, self.draw.draw(st.sampled_from(Word))))
        tasks = course.tasks()
        if not tasks:
            return None
        task = self.draw.draw(st.sampled_from(tasks))
        ill = self.draw.draw(st.integers(0, 5)) == 0
        wrong = Stage.LOST if task.stage is Stage.RESTORED else Stage.FAILED
        after = self._told(course, Reached(0, task.node, wrong if ill else task.stage, "why" if ill else ""))
        # A kill: who comes after knows what is written, and perhaps a line twice.
        if self.draw.draw(st.integers(0, 3)) == 0:
            again = [*self.journal, self.journal[-1]]
            assert fold(self.plan, again) == after
            return fold(self.plan, self.journal)
        return after

    def _told(self, course: Course, event: Event) -> Course:
        self.journal.append(event)
        return follow(course, event)


@settings(max_examples=150, deadline=None)
@given(plans, st.data(), st.booleans())
def test_nobody_is_left_half_way(plan: Plan, data: st.DataObject, words: bool) -> None:
    world = World(plan, data)
    course: Course | None = fold(plan, [])
    last = course
    for _ in range(200):
        assert course
        kept_to_waves(course)
        last, course = course, world.step(course, words=words)
        if course is None:
            break
        begins = {name for name, each in course.progress.items() if each.begun}
        begun = {name for name, each in last.progress.items() if each.begun}
        if last.verdict is not Verdict.GOING:
            assert begins == begun
    else:
        return
    assert last
    stages = {each.stage for each in last.progress.values()}
    assert stages <= OVER | {Stage.PLANNED}
    if Stage.PLANNED in stages:
        assert last.verdict in (Verdict.PAUSED, Verdict.STOPPED, Verdict.ABORTED)


def kept_to_waves(course: Course) -> None:
    """No node has begun before those of the waves before it are over."""
    for before, wave in zip(course.plan.waves, course.plan.waves[1:], strict=False):
        if any(course.progress[name].begun for name in wave):
            assert all(course.progress[name].stage in OVER for name in before)


@settings(max_examples=30, deadline=None)
@given(plans)
def test_without_faults_all_arrive(plan: Plan) -> None:
    course = fold(plan, [])
    while tasks := course.tasks():
        for task in tasks:
            course = follow(course, Reached(0, task.node, task.stage))
    assert course.verdict is Verdict.OVER
    assert sorted(course.done) == list(NODES)
