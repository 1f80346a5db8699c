# SPDX-License-Identifier: Apache-2.0
"""The journal outlives kills, and its format."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import LackingError, NodebakeError
from builder.rollout.event import Reached, Said, Stage, Word
from builder.rollout.journal import Journal, all_of, begun
from builder.rollout.plan import Asked, Limits, Plan

DATA = Path(__file__).parents[2] / "data"
PLAN = Plan(
    "sdcard/20260601-ffffffff",
    "flasher/20260501-eeeeeeee",
    (("node02",), ("node03", "node04")),
    Limits(0.9, 2),
    {"node02": "minimal-netboot/20260101-aaaaaaaa", "node03": "sdcard/20260501-eeeeeeee", "node04": ""},
    ("node03",),
    Asked("/srv/is-well", keep_data=True, transport="http", up_within=180.0),
)
EVENTS = (
    Reached(1767225600, "node02", Stage.FLASHER),
    Said(1767225610, Word.PAUSED),
    Reached(1767225620, "node02", Stage.FAILED, "its card cannot be written"),
)


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file of ours becomes larger than that, in bytes, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    found = Journal(tmp_path / "rollouts" / "20260601-120000.jsonl")
    found.begin(PLAN)
    for event in EVENTS:
        found.add(event)
    return found


def test_what_is_written_is_read(journal: Journal) -> None:
    assert (journal.plan(), tuple(journal.events())) == (PLAN, EVENTS)
    assert journal.path.read_text() == (DATA / "rollout-1-asked.jsonl").read_text()
    assert [each.id for each in all_of(journal.path.parent)] == ["20260601-120000"]


def test_what_is_said_when_it_is_gone_on_with_holds_from_there(journal: Journal) -> None:
    """Also when it is killed again: who said `--keep-data` once will not think of it at night."""
    assert journal.asked() == PLAN.asked
    more = replace(PLAN.asked, older=True)
    journal.add(Said(1767225630, Word.RESUMED, more))
    journal.add(Said(1767225640, Word.PAUSED))
    assert (journal.asked(), journal.plan()) == (more, PLAN)
    assert journal.path.read_text() == (DATA / "rollout-1-resumed.jsonl").read_text()


def test_format_1_is_read_for_good(tmp_path: Path) -> None:
    """Also from before journals said who had had a system on its card, or what was asked for."""
    for name in (
        "rollout-1.jsonl",
        "rollout-1-cards.jsonl",
        "rollout-1-asked.jsonl",
        "rollout-1-resumed.jsonl",
    ):
        shutil.copy(DATA / name, tmp_path / name)
    found = Journal(tmp_path / "rollout-1-asked.jsonl")
    assert (found.plan(), tuple(found.events())) == (PLAN, EVENTS)
    assert Journal(tmp_path / "rollout-1-resumed.jsonl").asked() == replace(PLAN.asked, older=True)
    silent = replace(PLAN, asked=Asked())
    assert Journal(tmp_path / "rollout-1-cards.jsonl").plan() == silent
    former = Journal(tmp_path / "rollout-1.jsonl")
    assert former.plan() == replace(silent, former={**PLAN.former, "node03": ""}, cards=())
    assert tuple(former.events()) == EVENTS


def test_a_torn_line_is_passed_over(journal: Journal) -> None:
    journal.path.write_bytes(journal.path.read_bytes()[:-20])
    assert tuple(journal.events()) == EVENTS[:2]
    journal.add(EVENTS[2])
    assert tuple(journal.events()) == EVENTS


def test_no_journal_is_begun_twice(journal: Journal) -> None:
    with pytest.raises(LackingError, match="cannot be written: file exists"):
        journal.begin(PLAN)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is damaged"), ("{}", "is damaged"), ('{"format": 2}', "of format `2` cannot be read")],
)
def test_what_cannot_be_read_is_told(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(NodebakeError, match=says):
        Journal(path).plan()


def test_a_full_disk_is_told_and_gone_on_from(journal: Journal) -> None:
    with full_after(journal.path.stat().st_size + 10), pytest.raises(LackingError) as caught:
        journal.add(EVENTS[0])
    assert caught.value.message == f"the journal `{journal.path}` cannot be written: file too large"
    assert str(caught.value.hint).endswith("nodebake rollout resume")
    # What came of the line is passed over.
    journal.add(EVENTS[2])
    assert tuple(journal.events()) == (*EVENTS, EVENTS[2])


def test_half_a_plan_is_none(tmp_path: Path) -> None:
    """The rollout has not begun, and is not what the next `resume` would find."""
    half = Journal(tmp_path / "rollouts/1.jsonl")
    with full_after(10), pytest.raises(LackingError, match="cannot be written: file too large"):
        half.begin(PLAN)
    assert all_of(tmp_path / "rollouts") == []
    (tmp_path / "file").touch()
    with pytest.raises(LackingError, match="cannot be written: file exists"):
        Journal(tmp_path / "file/1.jsonl").begin(PLAN)


def test_two_begun_at_once_have_names_of_their_own(tmp_path: Path) -> None:
    """One that failed at once was begun again within its second, and told of a disk that has nothing."""
    both = [begun(tmp_path / "rollouts", PLAN) for _ in range(2)]
    assert all_of(tmp_path / "rollouts") == both
    assert both[0].id < both[1].id
