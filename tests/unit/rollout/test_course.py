# SPDX-License-Identifier: Apache-2.0
"""What a rollout decides, told step by step."""

from __future__ import annotations

from builder.rollout.course import Course, Task, Verdict, begin, follow
from builder.rollout.event import WAY, Reached, Said, Stage, Word
from builder.rollout.plan import Limits, Plan

PLAN = Plan("sdcard/2", "flasher/1", (("n1",), ("n2", "n3")))


def reach(course: Course, node: str, *stages: Stage, why: str = "") -> Course:
    for stage in stages:
        course = follow(course, Reached(0, node, stage, why))
    return course


def say(course: Course, word: Word) -> Course:
    return follow(course, Said(0, word))


def test_the_canary_goes_all_the_way_before_the_others_begin() -> None:
    course = begin(PLAN)
    for stage in WAY[1:]:
        assert course.tasks() == (Task("n1", stage),)
        course = reach(course, "n1", stage)
    assert course.tasks() == (Task("n2", Stage.FLASHER), Task("n3", Stage.FLASHER))
    course = reach(reach(course, "n2", *WAY[1:]), "n3", *WAY[1:])
    assert (course.verdict, course.tasks()) == (Verdict.OVER, ())
    assert course.done == ("n1", "n2", "n3")


def test_a_canary_that_fails_is_put_back_and_stops_the_rest() -> None:
    course = reach(begin(PLAN), "n1", Stage.FLASHER, Stage.FAILED, why="its card is dying")
    assert course.tasks() == (Task("n1", Stage.RESTORED),)
    course = reach(course, "n1", Stage.RESTORED)
    assert (course.verdict, course.tasks()) == (Verdict.STOPPED, ())
    progress = course.progress["n1"]
    assert (progress.why, progress.after) == ("its card is dying", Stage.FLASHER)


def test_who_resumes_knows_what_has_failed() -> None:
    course = say(reach(begin(PLAN), "n1", Stage.FAILED, Stage.LOST), Word.RESUMED)
    assert course.verdict is Verdict.GOING
    assert [task.node for task in course.tasks()] == ["n2", "n3"]


def test_some_may_fail_where_the_limits_say_so() -> None:
    plan = Plan("sdcard/2", "flasher/1", PLAN.waves, Limits(success=0.5, failures=1))
    course = reach(begin(plan), "n1", *WAY[1:])
    course = reach(course, "n2", Stage.FAILED, Stage.RESTORED)
    assert course.tasks() == (Task("n3", Stage.FLASHER),)
    course = reach(course, "n3", Stage.FAILED)
    assert course.verdict is Verdict.STOPPED


def test_a_pause_lets_nodes_arrive_that_are_under_way() -> None:
    course = say(reach(begin(PLAN), "n1", *WAY[1:]), Word.PAUSED)
    assert course.tasks() == ()
    course = say(reach(course, "n2", Stage.FLASHER), Word.PAUSED)
    assert course.tasks() == (Task("n2", Stage.FLASHED),)
    assert [task.node for task in say(course, Word.RESUMED).tasks()] == ["n2", "n3"]


def test_an_abort_takes_back_those_under_way() -> None:
    course = say(reach(begin(PLAN), "n1", Stage.FLASHER, Stage.FLASHED), Word.ABORTED)
    assert course.tasks() == (Task("n1", Stage.RESTORED),)
    course = reach(course, "n1", Stage.RESTORED)
    assert (course.verdict, course.tasks()) == (Verdict.ABORTED, ())
    assert say(course, Word.RESUMED).tasks() == ()


def test_what_cannot_be_is_passed_over() -> None:
    course = begin(PLAN)
    assert reach(course, "n1", Stage.DONE) == course
    assert reach(course, "n9", Stage.FLASHER) == course
    done = reach(course, "n1", *WAY[1:])
    assert reach(done, "n1", Stage.FAILED) == done
