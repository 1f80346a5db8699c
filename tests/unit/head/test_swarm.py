# SPDX-License-Identifier: Apache-2.0
"""Who is to take what from whom."""

from __future__ import annotations

import random

from builder.head.served.swarm import FROM_HEAD, FROM_NODE, HEAD, OVERDUE, SILENCE, TO_ONE, Asked, Swarm, Told

ALL = 0xFF


def made() -> Swarm:
    return Swarm(random.Random(1))


def has(swarm: Swarm, node: str, pieces: int, now: float = 0) -> None:
    swarm.ask(node, Asked(pieces, 0, 0), now)


def test_the_head_gives_each_another_piece() -> None:
    swarm = made()
    told = [swarm.ask(f"n{number}", Asked(0, ALL, 0), 0) for number in range(FROM_HEAD)]
    assert [each.source for each in told] == [HEAD] * FROM_HEAD
    assert len({each.piece for each in told}) == FROM_HEAD
    later = swarm.ask("late", Asked(0, ALL, 0), 0)
    assert (later.piece, later.wait > 0) == (-1, True)


def test_one_node_does_not_take_all_of_the_head() -> None:
    swarm = made()
    first, second = (swarm.ask("n1", Asked(0, ALL, taking), 0) for taking in (0, 1))
    assert {first.source, second.source} == {HEAD}
    assert TO_ONE == 2
    assert swarm.ask("n1", Asked(0, ALL, 0b11), 0).piece == -1
    assert swarm.ask("n2", Asked(0, ALL, 0), 0).source == HEAD


def test_what_a_node_has_comes_from_there() -> None:
    swarm = made()
    has(swarm, "n1", 0b1010)
    told = swarm.ask("n2", Asked(0, 0b1010, 0), 0)
    assert told.source == "n1"
    assert 0b1010 >> told.piece & 1


def test_what_nobody_has_comes_first() -> None:
    swarm = made()
    has(swarm, "n1", 0b0111)
    assert swarm.ask("n2", Asked(0, 0b1111, 0), 0) == Told(3, HEAD)
    assert swarm.ask("n3", Asked(0, 0b1111, 0), 0).source == "n1"


def test_a_node_hands_out_a_few_at_a_time() -> None:
    swarm = made()
    has(swarm, "n0", ALL)
    told = [swarm.ask(f"n{number}", Asked(0, ALL, 0), 0) for number in range(1, FROM_NODE + 2)]
    assert [each.source for each in told] == ["n0"] * FROM_NODE + [HEAD]
    # As soon as one says that it has it, there is room again, and somebody else to take it from.
    swarm.ask("n1", Asked(1 << told[0].piece, 0, 0), 0)
    assert swarm.ask("late", Asked(0, ALL, 0), 0).source in ("n0", "n1")


def test_who_is_avoided_is_not_named() -> None:
    swarm = made()
    has(swarm, "n1", ALL)
    assert swarm.ask("n2", Asked(0, ALL, 0, ["n1"]), 0).source == HEAD


def test_who_leaves_or_says_nothing_any_more_is_not_named() -> None:
    swarm = made()
    has(swarm, "n1", ALL)
    swarm.leave("n1")
    assert swarm.ask("n2", Asked(0, 1, 0), 0).source == HEAD
    has(swarm, "n3", ALL)
    assert swarm.ask("n4", Asked(0, 2, 0), SILENCE + 1).source == HEAD


def test_a_node_that_died_frees_the_head() -> None:
    swarm = made()
    for number in range(FROM_HEAD):
        swarm.ask(f"n{number}", Asked(0, ALL, 0), 0)
    assert swarm.ask("late", Asked(0, ALL, 0), SILENCE / 2).piece == -1
    assert swarm.ask("late", Asked(0, ALL, 0), SILENCE + 1).source == HEAD


def test_what_takes_too_long_frees_the_head_too() -> None:
    swarm = made()
    for number in range(FROM_HEAD):
        swarm.ask(f"n{number}", Asked(0, ALL, 0), 0)
    for moment in range(1, int(OVERDUE) + 2):
        for number in range(FROM_HEAD):
            swarm.ask(f"n{number}", Asked(0, 0, ALL), moment)
    assert swarm.ask("late", Asked(0, ALL, 0), OVERDUE + 1).source == HEAD


def test_nobody_takes_what_it_has_or_is_getting() -> None:
    swarm = made()
    assert swarm.ask("n1", Asked(0b01, 0b11, 0b10), 0).piece == -1
