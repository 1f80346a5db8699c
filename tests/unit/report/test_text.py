# SPDX-License-Identifier: Apache-2.0
"""What people read on stderr."""

from __future__ import annotations

import io
import json

import pytest

from builder.errors import Place, Problems, RecipeError
from builder.report.text import TextReport


class Voice:
    """A report with its two streams."""

    def __init__(self, *, terminal: bool = False, colour: bool = False) -> None:
        self.out = io.StringIO()
        self.err = io.StringIO()
        self.report = TextReport(self.out, self.err, terminal=terminal, colour=colour)


def test_data_goes_to_stdout_and_nothing_else_does() -> None:
    voice = Voice()
    voice.report.say("hello")
    voice.report.warn("odd", hint="look")
    voice.report.data("out/minimal.img")
    voice.report.json({"recipe": "größe"})
    assert voice.out.getvalue() == 'out/minimal.img\n{\n  "recipe": "größe"\n}\n'
    assert voice.err.getvalue() == "hello\nwarning: odd\nhint: look\n"


def test_a_terminal_does_not_obey_what_an_answer_holds() -> None:
    """It may be a node's: the name of a file in its root, the label of its card."""
    voice = Voice(terminal=True)
    voice.report.data("a\tb\x1b[2J\n\x9b2J")
    assert voice.out.getvalue() == "a\tb\\x1b[2J\n\\x9b2J\n"
    voice = Voice()
    voice.report.json(["\x1b[2J", "\x9b2J", "größe"])
    assert voice.out.getvalue() == '[\n  "\\u001b[2J",\n  "\\u009b2J",\n  "größe"\n]\n'
    assert json.loads(voice.out.getvalue()) == ["\x1b[2J", "\x9b2J", "größe"]


def test_one_line_a_step_off_a_terminal() -> None:
    voice = Voice()
    voice.report.step_started(3, 9, "packages")
    voice.report.step_done(3, 9, "packages", seconds=61.23, cached=False, detail="168 packages")
    voice.report.step_done(4, 12, "firmware", seconds=0.0, cached=True)
    assert voice.err.getvalue() == "[3/9] packages  168 packages … 61.2 s\n[ 4/12] firmware cached\n"


def test_on_a_terminal_a_step_stays_below_what_is_said_meanwhile() -> None:
    voice = Voice(terminal=True)
    voice.report.step_started(1, 2, "packages")
    voice.report.say("hello")
    voice.report.step_done(1, 2, "packages", seconds=2, cached=False)
    assert voice.err.getvalue() == (
        "\r\x1b[K[1/2] packages …\r\x1b[Khello\n[1/2] packages …\r\x1b[K[1/2] packages … 2.0 s\n"
    )


def test_an_error_with_place_facts_and_hint() -> None:
    voice = Voice()
    place = Place("recipes/a.yaml", 2, 7, "base: debain")
    voice.report.error(RecipeError("no base `debain`", facts=["a fact"], hint="`debian`?", place=place))
    assert voice.err.getvalue() == (
        "recipes/a.yaml:2:7: error: no base `debain`\n"
        "  2 | base: debain\n"
        "    |       ^\n"
        "  a fact\n"
        "hint: `debian`?\n"
    )


def test_problems_come_in_the_order_of_their_places() -> None:
    voice = Voice()
    later = RecipeError("later", place=Place("a.yaml", 9, 1))
    voice.report.error(Problems([later, RecipeError("sooner", place=Place("a.yaml", 2, 1))]))
    assert voice.err.getvalue() == "a.yaml:2:1: error: sooner\na.yaml:9:1: error: later\n"


def test_colour_only_where_it_was_asked_for() -> None:
    voice = Voice(terminal=True, colour=True)
    voice.report.error(RecipeError("bad", place=Place("a.yaml", 1, 1), hint="mend"))
    assert "a.yaml:1:1: \x1b[1;31merror:\x1b[0m bad\n\x1b[1;36mhint:\x1b[0m mend\n" in voice.err.getvalue()


@pytest.mark.parametrize("colour", [False, True])
def test_control_codes_of_others_are_made_visible(colour: bool) -> None:
    voice = Voice(colour=colour)
    voice.report.say("a \x1b[2J name\r")
    assert voice.err.getvalue() == "a \\x1b[2J name\\x0d\n"


def test_a_bar_is_silent_off_a_terminal_and_drawn_on_one() -> None:
    for terminal in (False, True):
        voice = Voice(terminal=terminal)
        with voice.report.bytes_bar("fetching", 100) as bar:
            bar.advance(100)
        assert ("fetching" in voice.err.getvalue()) is terminal
        assert not voice.out.getvalue()


def test_a_traceback_names_the_line() -> None:
    voice = Voice()
    try:
        raise ValueError("here")
    except ValueError as error:
        voice.report.traceback(error)
    assert "test_a_traceback_names_the_line" in voice.err.getvalue()
