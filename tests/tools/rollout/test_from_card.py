# SPDX-License-Identifier: Apache-2.0
"""Nodes that boot from nothing but their cards, as values: killed whenever, something boots them."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder.head.release.manifest import Artifact, Release
from builder.rollout import from_card
from builder.rollout.course import Course
from builder.rollout.drive import Drive
from builder.rollout.event import Stage
from builder.rollout.field import Ended, NodeFailed
from builder.rollout.from_card import BOOTS, TURNED
from builder.rollout.health import SCRIPT
from builder.rollout.journal import Journal
from builder.rollout.plan import Limits, Plan
from builder.rollout.visit import Visit
from builder.rollout.way import BY_ITSELF
from builder.rollout.work import Worker
from tests.tools.rollout.world import Killed

FLASHER, RELEASE, FORMER = "flasher-card/1", "zero/2", "zero/1"
NODES = ("n1", "n2")
_GUEST = Release(
    "flasher-card", "1", 0, "ram", "tmpfs", "1/", "boot.tar", (), "", (), (), 0,
    (Artifact("boot", "boot.tar", 1, ""),),
)  # fmt: skip


@dataclass
class Card:
    """What a node boots: its root, empty when written in part, unless its config.txt names the flasher, for
    good or (not `stays`) for once; or `trial`: its root for once. `guest`: whether the flasher's files are on
    it, and `kept`: in the node's memory.
    """

    root: str = FORMER
    config: str = "own"
    stays: bool = False
    guest: bool = False
    kept: bool = False
    tried: bool = False
    runs: str = FORMER

    @property
    def boots(self) -> bool:
        """Whether it boots anything at all."""
        return self.guest if self.config == "flasher" else bool(self.root)

    @property
    def turned(self) -> bool:
        """Whether what is tried is up."""
        return self.runs == self.root and self.config == "flasher" and self.stays

    def start(self) -> None:
        was, self.kept = self.config, False
        self.runs = FLASHER if was == "flasher" else self.root
        if was == "trial":
            # Before anything of it can go wrong.
            self.config, self.stays = "flasher", True
        elif was == "flasher" and not self.stays:
            self.config = "own"


@dataclass
class World:
    """A Field. Before call `dies_at` (from 1) the program ends; `ill` are nodes by what ails them;
    `refused` is a verb of `boots.sh` that fails everywhere.
    """

    cards: dict[str, Card]
    ill: dict[str, str] = field(default_factory=dict)
    dies_at: int = 0
    refused: str = ""
    calls: int = 0

    def _tick(self) -> None:
        for name, card in self.cards.items():
            assert card.boots, f"nothing boots {name}"
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed

    async def assign(self, node: str, release: str) -> None:
        raise AssertionError("the head lends such a node nothing")

    async def settle(self, node: str, *, passed: bool) -> None:
        raise AssertionError("the head knows nothing of such a node")

    async def leave(self, node: str) -> None:
        raise AssertionError("the head knows nothing of such a node")

    async def release_of(self, node: str) -> str:
        self._tick()
        return "" if self._silent(node) else self.cards[node].runs

    async def restart(self, node: str) -> None:
        self._tick()
        self._start(node)

    def _start(self, node: str) -> None:
        card = self.cards[node]
        card.start()
        if self.ill.get(node) == "panics" and card.runs == RELEASE:
            if card.config == "own":
                card.runs = ""
            else:
                card.start()

    def wait(self) -> None:
        """Time passes: neither the flasher nor what is tried stays up."""
        for node, card in self.cards.items():
            if card.runs == FLASHER or card.turned:
                self._start(node)

    async def let_start(self, node: str) -> bool:
        raise AssertionError("the head sees no start of such a node")

    async def up(self, node: str, *, seconds: float) -> str:
        self._tick()
        if self._silent(node):
            raise NodeFailed(f"{node} has not come up")
        return self.cards[node].runs

    def _silent(self, node: str) -> bool:
        return self.ill.get(node) == "silent" and self.cards[node].runs == RELEASE

    async def script(self, node: str, text: str, *, seconds: float) -> Ended:
        self._tick()
        card = self.cards[node]
        if self._silent(node):
            raise NodeFailed(f"{node} does not answer")
        if text == SCRIPT.read_text():
            lame = self.ill.get(node) == "lame" and card.runs == RELEASE
            docker = "it does not" if lame else "runs"
            lines = [f"release {card.runs}", "root /dev/mmcblk0p2", "state running", "led none"]
            return Ended(0, "\n".join([*lines, f"docker {docker}", ""]), "")
        if text == TURNED:
            assert card.runs == card.root
            return Ended(0, f"{FLASHER}\n" if card.turned else "", "")
        if text == BY_ITSELF:
            return Ended(0 if card.config == "own" else 1, "", "")
        if text.endswith(BOOTS.read_text()):
            return self._boots(card, shlex.split(text.splitlines()[0])[2:])
        raise AssertionError(text)

    def _boots(self, card: Card, words: list[str]) -> Ended:
        """`boots.sh`."""
        if words[0] == self.refused:
            return Ended(1, "", "mount: it cannot be\nits reason\n")
        if words == ["stay"]:
            assert card.runs == FLASHER
            assert card.guest or card.kept
            card.guest = card.kept = card.stays = True
            card.config = "flasher"
            return Ended(0, "", "")
        if card.root != words[1]:
            return Ended(1, "", "the card does not hold that")
        if words[0] == "own":
            if card.runs == FLASHER and card.tried:
                return Ended(1, "", "it was tried, and is not well")
            card.config, card.stays, card.guest, card.tried = "own", False, False, False
            return Ended(0, "", "")
        assert words[0] == "try"
        assert card.runs == FLASHER
        assert card.kept or card.guest
        card.guest, card.config, card.tried = True, "trial", True
        return Ended(0, "", "")

    async def bring(self, node: str, file: Path, text: str, *words: str, seconds: float) -> Ended:
        self._tick()
        assert words[0] == FLASHER
        card = self.cards[node]
        if self.ill.get(node) == "full":
            return Ended(1, "", "its boot partition has 3 MiB free, the flasher takes 80 MiB\n")
        assert card.runs == card.root
        card.config, card.stays, card.guest = "flasher", False, True
        return Ended(0, "", "")

    async def flash(self, node: str, release: str, then: str = "") -> str:
        self._tick()
        card = self.cards[node]
        assert card.runs == FLASHER
        assert card.guest and card.stays and card.config == "flasher", f"a loss of power would end {node}"
        if self.ill.get(node) == "other" and release == RELEASE:
            raise NodeFailed("its boot partition is another one")
        card.root = ""
        self._tick()
        if self.ill.get(node) == "torn" and release == RELEASE:
            raise NodeFailed("its card gives back something else")
        card.root, card.config, card.stays, card.guest, card.tried = release, "own", False, False, False
        if then:
            self._boots(card, shlex.split(then.splitlines()[0])[2:])
        return "written"


def world(ailment: str = "", dies_at: int = 0) -> World:
    return World({name: Card() for name in NODES}, {"n1": ailment}, dies_at)


def journal(place: Path, before: Mapping[str, str] | None = None) -> Journal:
    made = Journal(place / "rollout.jsonl")
    former = before or dict.fromkeys(NODES, FORMER)
    made.begin(Plan(RELEASE, FLASHER, (NODES,), Limits(0.0, len(NODES)), former, NODES))
    return made


def drive(there: World, notes: Journal) -> Course:
    worker = Worker(there, notes.plan(), visit=Visit(_GUEST, Path("visit.tar")))
    return asyncio.run(Drive(notes, worker, lambda *_: None).run())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here answers later."""
    monkeypatch.setattr(from_card, "PATIENCE", 0)


@pytest.mark.parametrize("ailment", ["", "lame", "panics", "silent", "full", "other", "torn"])
@pytest.mark.parametrize("at_once", [True, False])
def test_killed_at_any_instant_it_is_finished_by_the_next(
    ailment: str, at_once: bool, tmp_path: Path
) -> None:
    number = 0
    while True:
        number += 1
        there, notes = world(ailment, number), journal(tmp_path / str(number))
        try:
            drive(there, notes)
            killed = False
        except Killed:
            killed = True
        if not at_once:
            there.wait()
        course = drive(there, notes)
        assert course.progress["n1"].stage is (Stage.RESTORED if ailment else Stage.DONE), number
        assert there.cards["n1"].runs == there.cards["n1"].root == (FORMER if ailment else RELEASE), number
        assert (there.cards["n1"].config, there.cards["n1"].guest) == ("own", False), number
        assert there.cards["n2"].runs == RELEASE, number
        if not killed:
            break
    assert number > 10


@pytest.mark.parametrize("ailment", ["lame", "other"])
def test_who_gets_the_same_release_again_keeps_it_when_that_fails(ailment: str, tmp_path: Path) -> None:
    there = world(ailment)
    there.cards["n1"] = Card(RELEASE, runs=RELEASE)
    course = drive(there, journal(tmp_path, {"n1": RELEASE, "n2": FORMER}))
    assert course.progress["n1"].stage is Stage.RESTORED
    assert there.cards["n1"] == Card(RELEASE, runs=RELEASE)
    assert course.progress["n2"].stage is Stage.DONE


def test_who_comes_up_with_nothing_that_it_could_get_back_stays_in_its_flasher(tmp_path: Path) -> None:
    there = world("panics")
    there.cards["n1"] = Card(RELEASE, runs=RELEASE)
    course = drive(there, journal(tmp_path, {"n1": RELEASE, "n2": FORMER}))
    assert course.progress["n1"].stage is Stage.LOST
    assert (there.cards["n1"].runs, there.cards["n1"].config, there.cards["n1"].guest) == (
        FLASHER,
        "flasher",
        True,
    )


@pytest.mark.parametrize(
    ("verb", "why"),
    [
        ("stay", "n1 would not boot its flasher again: its reason"),
        # Nor what it is to get back then.
        ("own", "n1's card cannot be made to boot zero/1: its reason"),
    ],
)
def test_what_its_card_refuses_is_told(verb: str, why: str, tmp_path: Path) -> None:
    there = world()
    there.refused = verb
    assert drive(there, journal(tmp_path)).progress["n1"].why.startswith(why)


def test_one_command_takes_a_node_back(tmp_path: Path) -> None:
    there, notes = world(), journal(tmp_path)
    drive(there, notes)
    worker = Worker(there, notes.plan(), visit=Visit(_GUEST, Path("visit.tar")))
    for _ in range(2):
        asyncio.run(worker.take_back("n2"))
        assert there.cards["n2"].runs == FORMER
