# SPDX-License-Identifier: Apache-2.0
"""What is said of a rollout under way, and of how it went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from builder.report import units
from builder.report.report import Report
from builder.rollout.course import Course, Task, Verdict
from builder.rollout.event import WRONG, Reached, Stage
from builder.rollout.plan import Plan

_SAID = {
    Stage.FLASHER: "runs the system that flashes",
    Stage.FLASHED: "its card is written and read back",
    Stage.TRIED: "came up with its root on the card",
    Stage.HEALTHY: "is well",
    Stage.DONE: "boots from its card",
    Stage.RESTORED: "runs what it ran before",
    Stage.LOST: "has to be looked at",
    Stage.FAILED: "failed",
}


@dataclass
class Teller:
    """Tells each stage that a node reaches, with how many have arrived."""

    plan: Plan
    report: Report
    _over: set[str] = field(default_factory=set)

    def __call__(self, task: Task, event: Reached) -> None:
        if event.stage in (Stage.DONE, Stage.RESTORED, Stage.LOST):
            self._over.add(event.node)
        counted = f"  ({len(self._over)} of {len(self.plan.nodes)})" if event.node in self._over else ""
        why = f": {event.why}" if event.stage in WRONG and event.why else ""
        if event.stage is Stage.FLASHED:
            why = moved(event.why)
        self.report.say(f"{event.node}: {_SAID[event.stage]}{why}{counted}")


def moved(receipt: str) -> str:
    """How much of what was fetched came from where, in words behind a stage; empty without a receipt."""
    try:
        told = json.loads(receipt)
        total, others = int(told["moved"]), int(told["from_nodes"])
    except (ValueError, KeyError, TypeError):
        return ""
    shared = f", {units.size(others)} of that from other nodes" if others else ""
    return f": {units.size(total)} came{shared}"


def rows(course: Course) -> Iterator[str]:
    """A line on each node."""
    width = max(len(name) for name in course.plan.nodes)
    for name in course.plan.nodes:
        each = course.progress[name]
        yield f"{name:<{width}}  {each.stage}{f': {each.why}' if each.stage in WRONG else ''}"


def as_json(course: Course, rollout: str) -> dict[str, object]:
    """The same for programs."""
    return {
        "rollout": rollout,
        "release": course.plan.release,
        "verdict": str(course.verdict),
        "nodes": [
            {
                "node": name,
                "stage": str(each.stage),
                "after": str(each.after),
                "why": each.why,
                "former": course.plan.former.get(name, ""),
            }
            for name, each in course.progress.items()
        ],
    }


def summary(course: Course) -> str:
    """One sentence."""
    arrived, total = len(course.done), len(course.plan.nodes)
    ending = {
        Verdict.OVER: "",
        Verdict.PAUSED: ", and it is paused",
        Verdict.STOPPED: ", and no more are begun: too many have failed",
        Verdict.ABORTED: ", and it was aborted",
        Verdict.GOING: ", and it goes on",
    }
    return f"{arrived} of {total} nodes boot {course.plan.release} from their cards{ending[course.verdict]}"
