# SPDX-License-Identifier: Apache-2.0
"""How far the cards are, and what is told of them."""

from __future__ import annotations

import io
import json

from builder.cli.rollout.bars import Bars
from builder.cli.rollout.tell import moved
from builder.report.events import EventReport
from builder.report.silent import SilentReport
from builder.report.text import TextReport


def test_a_bar_a_node_and_one_for_all() -> None:
    report = SilentReport()
    with Bars(report, 2) as bars:
        for done in (40, 100):
            bars("node01", "compare", done, 100)
        bars("node02", "compare", 30, 100)
        bars("node01", "verify", 10, 60)
        # It was cut off, and begins anew: what was counted is not counted twice.
        bars("node02", "compare", 20, 100)
        bars("node02", "compare", 50, 100)
        bars("node01", "finish", 1, 1)
    assert report.bars == {
        "node01 writing": 100,
        "all cards": 150,
        "node02 writing": 50,
        "node01 reading back": 10,
    }


def test_programs_are_told_how_far_each_is() -> None:
    err = io.StringIO()
    with Bars(EventReport(io.StringIO(), err), 1) as bars:
        bars("node01", "compare", 100, 100)
    told = [json.loads(line) for line in err.getvalue().splitlines()]
    assert told == [
        {"event": "bytes", "label": "node01 writing", "done": 100, "total": 100},
        {"event": "bytes", "label": "all cards", "done": 100, "total": 100},
    ]


def test_what_is_said_meanwhile_stands_above_the_bars() -> None:
    err = io.StringIO()
    report = TextReport(io.StringIO(), err, terminal=True, colour=False)
    with Bars(report, 2) as bars:
        bars("node01", "compare", 40, 100)
        bars("node02", "compare", 40, 100)
        report.say("node03: failed")
    said = err.getvalue()
    assert "node01 writing" in said
    assert "all cards" in said
    assert "node03: failed\n" in said


def test_off_a_terminal_there_are_none() -> None:
    err = io.StringIO()
    with Bars(TextReport(io.StringIO(), err, terminal=False, colour=False), 1) as bars:
        bars("node01", "compare", 100, 100)
    assert not err.getvalue()


def test_how_much_came_from_where() -> None:
    assert moved('{"moved": 40400000, "from_nodes": 29800000}') == (
        ": 40.4 MB came, 29.8 MB of that from other nodes"
    )
    assert moved('{"moved": 400, "from_nodes": 0}') == ": 400 B came"
    assert moved("") == moved("{}") == moved("[]") == ""
