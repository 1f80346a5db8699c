# SPDX-License-Identifier: Apache-2.0
"""What a rollout was begun with holds for whoever goes on with it."""

from __future__ import annotations

import pytest

from builder.cli.parser import parse
from builder.cli.rollout.wish import asked_of
from builder.errors import RecipeError
from builder.rollout.plan import Asked

BEGUN = Asked("/srv/is-well", take_card=True, keep_data=True, older=True, transport="http", up_within=180.0)


def test_a_rollout_is_begun_as_the_command_line_says() -> None:
    words = ["--check", "/srv/is-well", "--take-card", "--keep-data", "--older", "--transport", "http"]
    words += ["--up-within", "180"]
    assert asked_of(parse(["deploy", "docker-sdcard", "node02", *words])) == BEGUN
    assert asked_of(parse(["rollout", "docker-sdcard"])) == Asked()


@pytest.mark.parametrize("verb", ["resume", "undo"])
def test_who_goes_on_need_not_say_it_again(verb: str) -> None:
    """Docker's data on the cards of the nodes to come would be lost by one forgotten word."""
    assert asked_of(parse(["rollout", verb]), BEGUN) == BEGUN


def test_who_goes_on_may_say_more() -> None:
    found = asked_of(parse(["rollout", "resume", "--older", "--up-within", "600"]), Asked(keep_data=True))
    assert found == Asked(keep_data=True, older=True, up_within=600.0)


def test_a_check_that_was_wrong_can_be_taken_back() -> None:
    found = asked_of(parse(["rollout", "resume", "--check", ""]), BEGUN)
    assert (found.check, found.keep_data) == ("", True)


@pytest.mark.parametrize("seconds", ["0", "-5", "nan", "inf"])
def test_a_time_in_which_no_node_comes_up(seconds: str) -> None:
    with pytest.raises(RecipeError) as raised:
        asked_of(parse(["rollout", "resume", f"--up-within={seconds}"]), BEGUN)
    assert raised.value.render() == (
        f"error: `--up-within {seconds}`: no node comes up in such a time\n"
        "hint: in seconds; 420 when nobody has said"
    )
