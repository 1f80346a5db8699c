# SPDX-License-Identifier: Apache-2.0
"""What programs read on stderr."""

from __future__ import annotations

import io
import json
from typing import Any

from builder.errors import Place, Problems, RecipeError
from builder.report.events import EventReport


def events(err: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.getvalue().splitlines()]


def test_each_event_is_one_line() -> None:
    err = io.StringIO()
    report = EventReport(io.StringIO(), err)
    report.say("two\nlines")
    report.warn("odd")
    report.step_started(1, 2, "packages")
    report.step_done(1, 2, "packages", seconds=1.23456, cached=False, detail="3 packages")
    assert events(err) == [
        {"event": "say", "text": "two\nlines"},
        {"event": "warning", "text": "odd", "hint": None},
        {"event": "step-started", "index": 1, "total": 2, "label": "packages"},
        {
            "event": "step-done",
            "index": 1,
            "total": 2,
            "label": "packages",
            "seconds": 1.235,
            "cached": False,
            "detail": "3 packages",
        },
    ]


def test_every_problem_is_an_event() -> None:
    err = io.StringIO()
    problems = Problems([RecipeError("one", place=Place("a.yaml", 1, 2)), RecipeError("two", hint="mend")])
    EventReport(io.StringIO(), err).error(problems)
    assert [(told["message"], told["place"], told["exit"]) for told in events(err)] == [
        ("one", {"file": "a.yaml", "line": 1, "column": 2}, 2),
        ("two", None, 2),
    ]


def test_bytes_are_told_ten_times_a_second_and_at_the_end() -> None:
    err = io.StringIO()
    now = iter([0.0, 0.05, 0.15, 0.15, 0.16, 0.17])
    report = EventReport(io.StringIO(), err, clock=lambda: next(now))
    with report.bytes_bar("fetching", 30) as bar:
        for _ in range(3):
            bar.advance(10)
    assert [told["done"] for told in events(err)] == [20, 30]


def test_the_answer_is_on_stdout() -> None:
    out, err = io.StringIO(), io.StringIO()
    EventReport(out, err).json([1])
    assert (json.loads(out.getvalue()), err.getvalue()) == ([1], "")
