# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from tools.bench.figure import Figure
from tools.bench.result import GOALS, Row, dump, merge, parse

MACHINE = {"cpu": "a", "cores": "2"}


def row(key: str, ours: float, peer: float) -> Row:
    return Row.of_ratio(key, Figure("CPU s", (ours,)), Figure("CPU s", (peer,)), {"packages": 3})


def test_a_row_tells_value_goal_and_both_sides() -> None:
    told = row("image-cpu", 2.0, 10.0).dump("abc", "2026-01-02T03:04+00:00")
    assert (told["value"], told["goal"], told["met"]) == (0.2, 0.25, True)
    assert (told["nodebake"]["median"], told["peer"]["median"]) == (2.0, 10.0)
    assert (told["commit"], told["facts"]) == ("abc", {"packages": 3})


def test_a_goal_is_met_when_it_is_just_reached() -> None:
    assert row("image-cpu", 2.5, 10.0).met
    assert not row("image-cpu", 2.51, 10.0).met


def test_a_quantity_has_no_peer() -> None:
    figure = Figure("s", (0.4, 0.6, 0.5))
    told = Row("nothing", figure.median, figure).dump("abc", "")
    assert (told["value"], told["peer"], told["met"]) == (0.5, None, True)


def test_fresh_rows_replace_those_of_their_name_and_keep_the_tables_order() -> None:
    old = [row("nothing", 1, 1).dump("old", ""), row("image-cpu", 1, 1).dump("old", "")]
    fresh = [row("nothing", 1, 1).dump("new", ""), row("root-emulated", 1, 1).dump("new", "")]
    merged = merge(merge({}, old, MACHINE), fresh, MACHINE)
    found = [(each["row"], each["commit"]) for each in merged["rows"]]
    assert found == [("root-emulated", "new"), ("image-cpu", "old"), ("nothing", "new")]


def test_rows_of_another_machine_or_format_are_not_mixed_in() -> None:
    old = merge({}, [row("nothing", 1, 1).dump("old", "")], MACHINE)
    assert merge(old, [], {**MACHINE, "cores": "4"})["rows"] == []
    assert merge({**old, "format": 0}, [], MACHINE)["rows"] == []


def test_the_file_is_read_as_it_was_written() -> None:
    result = merge({}, [row(key, 1, 2).dump("abc", "") for key in GOALS], MACHINE)
    assert parse(dump(result)) == result


def test_what_is_no_result_counts_as_none() -> None:
    assert parse("") == parse("[1]") == parse("{") == {}
