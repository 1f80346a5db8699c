# SPDX-License-Identifier: Apache-2.0
"""Starting many nodes, on a clock that the test turns."""

from __future__ import annotations

from builder.power.power_file import SequenceModel
from builder.power.startup import Action, Phase, Startup

ON, OFF = True, False


def startup(numbers: range, *, logged: range = range(1, 100), **settings: float) -> Startup:
    given = {"stagger": 2.0, "off_for": 5.0, "loads_within": 60.0, "up_within": 240.0, **settings}
    made = Startup(SequenceModel(**given), frozenset(logged))  # type: ignore[arg-type]
    made.add(numbers, now=0)
    return made


def do(made: Startup, now: float) -> list[tuple[int, bool]]:
    """Do what is due, with success."""
    due = made.actions(now)
    for action in due:
        made.switched(action.number, action.on, now)
    return [(action.number, action.on) for action in due]


def test_batches_keep_their_distance() -> None:
    made = startup(range(1, 6), batch=2)
    assert do(made, 0) == [(1, ON), (2, ON)]
    assert do(made, 1.9) == []
    assert do(made, 2) == [(3, ON), (4, ON)]
    assert do(made, 10) == [(5, ON)]
    assert do(made, 12) == []


def test_a_node_is_up_when_it_is_seen_up() -> None:
    made = startup(range(1, 2))
    do(made, 0)
    assert made.seen(1, Phase.ASKS, 20)
    assert not made.seen(1, Phase.ASKS, 21)  # no news
    assert made.seen(1, Phase.UP, 50)
    assert not made.seen(1, Phase.LOADS, 51)  # never backwards
    assert made.over()
    assert made.nodes[1].took == 50


def test_what_was_seen_before_the_power_came_is_not_this_boot() -> None:
    made = startup(range(1, 3))
    assert not made.seen(1, Phase.UP, 0)
    assert not made.seen(99, Phase.UP, 0)
    assert do(made, 0) == [(1, ON)]
    assert (1, OFF) in do(made, 60)
    assert not made.seen(1, Phase.UP, 61)


def test_a_straggler_is_cycled_and_then_given_up() -> None:
    made = startup(range(1, 2), cycles=1)
    assert do(made, 0) == [(1, ON)]
    assert do(made, 59) == []
    assert do(made, 60) == [(1, OFF)]
    assert made.nodes[1].phase is Phase.CYCLING
    assert do(made, 64) == []
    assert do(made, 65) == [(1, ON)]
    assert do(made, 125) == []
    assert made.over()
    assert (made.nodes[1].phase, made.nodes[1].why) == (Phase.MISSING, "not seen in the log within 60 s")


def test_one_that_asks_in_vain_is_cycled_too() -> None:
    made = startup(range(1, 2))
    do(made, 0)
    made.seen(1, Phase.ASKS, 30)
    assert made.actions(60) == [Action(1, OFF, "asked, and fetched nothing within 60 s")]


def test_one_that_loads_has_longer() -> None:
    made = startup(range(1, 2))
    do(made, 0)
    made.seen(1, Phase.LOADS, 30)
    assert do(made, 239) == []
    assert made.actions(240) == [Action(1, OFF, "not up within 240 s")]


def test_without_a_log_nobody_is_missed_in_it() -> None:
    made = startup(range(1, 2), logged=range(0))
    do(made, 0)
    assert do(made, 239) == []
    assert do(made, 240) == [(1, OFF)]


def test_first_turns_go_before_second_ones() -> None:
    made = startup(range(1, 100), up_within=10, loads_within=10, off_for=0)
    turns = [number for now in range(0, 198, 2) for number, on in do(made, now) if on]
    assert turns == list(range(1, 100))


def test_one_that_is_on_already_is_left_alone() -> None:
    made = startup(range(0))
    made.add([7], now=0, on_already=True)
    assert do(made, 200) == []
    assert not made.over()
    assert do(made, 240) == []
    assert made.nodes[7].why == "not up within 240 s; it was on before, so its power was left alone"


def test_one_that_cannot_be_switched_is_tried_again_and_then_missing() -> None:
    made = startup(range(1, 3), cycles=1)
    made.actions(0)
    made.failed(1, ON, "status 5", 0)
    assert do(made, 2) == [(1, OFF), (2, ON)]
    assert made.actions(7) == [Action(1, ON, "again")]
    made.failed(1, ON, "status 5", 7)
    assert (made.nodes[1].phase, made.nodes[1].why) == (Phase.MISSING, "status 5")
    assert not made.over()


def test_one_that_boots_was_switched_whatever_is_said() -> None:
    made = startup(range(1, 2))
    made.actions(0)
    made.seen(1, Phase.LOADS, 3)
    made.failed(1, ON, "no reply", 5)
    assert made.actions(6) == []
    assert made.nodes[1].phase is Phase.LOADS


def test_time_runs_from_when_the_power_came() -> None:
    """A batch is switched one after another, and a slow control plane takes its time."""
    made = startup(range(1, 3), batch=2)
    made.actions(0)
    made.switched(1, ON, 1)
    made.switched(2, ON, 50)
    assert [action.number for action in made.actions(61)] == [1]
    assert [action.number for action in made.actions(110)] == [2]


def test_a_cut_that_fails_is_followed_by_power_all_the_same() -> None:
    made = startup(range(1, 2))
    made.actions(0)
    assert made.actions(60) == [Action(1, OFF, "not seen in the log within 60 s")]
    made.failed(1, OFF, "no reply", 60)
    assert made.actions(65) == [Action(1, ON, "again")]


def test_twenty_two_at_once_all_come_up_after_cycles() -> None:
    """Of 22 that ask together 3 come up, and a lost one is silent until its power is cycled."""
    made = startup(range(1, 23), batch=22, stagger=30, cycles=8, loads_within=40, off_for=5)
    rounds, now = [], 0.0
    while not made.over() and now < 2000:
        ons = [number for number, on in do(made, now) if on]
        if ons:
            rounds.append(len(ons))
            for number in ons[:3]:
                made.seen(number, Phase.UP, now)
        now += 1
    assert rounds == [22, 19, 16, 13, 10, 7, 4, 1]
    assert all(node.phase is Phase.UP for node in made.nodes.values())
