# SPDX-License-Identifier: Apache-2.0
"""A rollout in a world of values: it arrives, it puts back what fails, it may be killed at any instant."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.rollout.course import Course, Verdict
from builder.rollout.drive import Drive
from builder.rollout.event import Stage
from builder.rollout.journal import Journal
from builder.rollout.plan import Limits, Plan
from builder.rollout.work import Worker
from tests.tools.rollout.world import FLASHER, FORMER, RELEASE, Board, Killed, World

NODES = ("n1", "n2", "n3")
OLD = "sdcard/1"


def plan(failures: int = 0) -> Plan:
    limits = Limits(success=0.0 if failures else 1.0, failures=failures)
    return Plan(RELEASE, FLASHER, (NODES[:1], NODES[1:]), limits, dict.fromkeys(NODES, FORMER))


def drive(world: World, journal: Journal) -> Course:
    worker = Worker(world, journal.plan())
    return asyncio.run(Drive(journal, worker, lambda *_: None).run())


def started(place: Path, failures: int = 0) -> Journal:
    journal = Journal(place / "rollout.jsonl")
    journal.begin(plan(failures))
    return journal


def boards() -> dict[str, Board]:
    return {name: Board() for name in NODES}


def test_all_arrive_on_their_cards(tmp_path: Path) -> None:
    world = World(boards())
    course = drive(world, started(tmp_path))
    assert (course.verdict, course.done) == (Verdict.OVER, NODES)
    assert all((each.runs, each.own, each.link) == (RELEASE, True, FLASHER) for each in world.boards.values())


@pytest.mark.parametrize(
    ("ailment", "why"),
    [
        ("panics", "n1 has not come up"),
        # It did so again and again, and then stood still.
        ("stuck", "n1 has not come up"),
        # And nothing can cut its power.
        ("mute", "n1 has not come up"),
        ("lame", "n1 is not well: docker runs no container: it does not"),
        ("card", "n1's card returns other bytes than were written"),
    ],
)
def test_what_fails_comes_back_and_stops_the_rest(ailment: str, why: str, tmp_path: Path) -> None:
    world = World(boards(), {"n1": ailment})
    course = drive(world, started(tmp_path))
    assert course.verdict is Verdict.STOPPED
    assert (course.progress["n1"].stage, course.progress["n1"].why) == (Stage.RESTORED, why)
    assert (world.boards["n1"].runs, world.boards["n1"].link) == (FORMER, FORMER)
    assert not course.progress["n2"].begun


@pytest.mark.parametrize(("ailment", "restarts"), [("panics", 2), ("stuck", 3)])
def test_what_starts_by_itself_is_not_cut_off(ailment: str, restarts: int, tmp_path: Path) -> None:
    """Into the flasher, into what is tried; and back only where it stands still."""
    world = World(boards(), {"n1": ailment})
    drive(world, started(tmp_path))
    assert world.restarted == ["n1"] * restarts


def test_a_node_that_never_answers_again_is_set_aside(tmp_path: Path) -> None:
    course = drive(World(boards(), {"n2": "dead"}), started(tmp_path, failures=1))
    assert (course.progress["n2"].stage, course.progress["n2"].why) == (Stage.LOST, "n2 has not come up")
    assert course.done == ("n1", "n3")


def test_from_card_to_card(tmp_path: Path) -> None:
    """A card that boots by itself is kept from it first."""
    course = drive(World(on_cards()), started(tmp_path))
    assert course.done == NODES


def on_cards() -> dict[str, Board]:
    """Nodes that run what is on their cards; the network has the flasher for them."""
    return {name: Board(FLASHER, "", OLD, own=True, runs=OLD, by_itself=True) for name in NODES}


def updating(place: Path) -> Journal:
    journal = Journal(place / "rollout.jsonl")
    journal.begin(replace(plan(failures=1), former=dict.fromkeys(NODES, OLD), cards=NODES))
    return journal


@pytest.mark.parametrize("ailment", ["panics", "lame", "silent at first"])
def test_a_card_gets_back_what_was_on_it(ailment: str, tmp_path: Path) -> None:
    number = 0
    while True:
        number += 1
        place = tmp_path / str(number)
        journal = updating(place)
        world = World(on_cards(), {"n2": ailment}, dies_at=number)
        try:
            drive(world, journal)
            killed = False
        except Killed:
            killed = True
        course = drive(world, journal)
        board, stage = world.boards["n2"], course.progress["n2"].stage
        # Silent for once, and killed before that was written down: nobody knows of it, and all goes well.
        unknown = killed and ailment == "silent at first" and stage is Stage.DONE
        assert stage is Stage.RESTORED or unknown, number
        holds = RELEASE if unknown else OLD
        assert (board.card, board.runs, board.own, board.by_itself) == (holds, holds, True, True), number
        assert (board.link, board.former) == (FLASHER, ""), number
        if not killed:
            break
    assert number > 30


def test_one_command_takes_a_card_back(tmp_path: Path) -> None:
    world, journal = World(on_cards()), updating(tmp_path)
    drive(world, journal)
    for _ in range(2):
        asyncio.run(Worker(world, journal.plan()).take_back("n2"))
        board = world.boards["n2"]
        assert (board.runs, board.own, board.link) == (OLD, True, FLASHER)


def test_one_command_takes_a_node_back(tmp_path: Path) -> None:
    world = World(boards())
    drive(world, started(tmp_path))
    worker = Worker(world, plan())
    for _ in range(2):
        asyncio.run(worker.take_back("n2"))
        assert (world.boards["n2"].runs, world.boards["n2"].own) == (FORMER, False)


@pytest.mark.parametrize("ailment", ["", "panics", "lame", "card"])
def test_killed_at_any_instant_it_is_finished_by_the_next(ailment: str, tmp_path: Path) -> None:
    number = 0
    while True:
        number += 1
        place = tmp_path / str(number)
        journal = started(place, failures=1)
        world = World(boards(), {"n2": ailment} if ailment else {}, dies_at=number)
        try:
            drive(world, journal)
            killed = False
        except Killed:
            killed = True
        course = drive(world, journal)
        assert course.verdict is Verdict.OVER
        well = tuple(name for name in NODES if not (ailment and name == "n2"))
        assert course.done == well, number
        assert all(world.boards[name].runs == RELEASE and world.boards[name].own for name in well)
        if ailment:
            assert world.boards["n2"].runs == FORMER, number
        if not killed:
            break
    assert number > 30
