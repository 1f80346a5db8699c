# SPDX-License-Identifier: Apache-2.0
"""Nodes, their cards and a head as values: what a rollout would do to real ones, call by call."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from builder.head.node.cmdline import TRIAL
from builder.rollout.field import Ended, NodeFailed, NoPower
from builder.rollout.health import SCRIPT
from builder.rollout.over_network import EARN, HOLD

FLASHER, RELEASE, FORMER = "flasher/1", "sdcard/2", "minimal/1"


class Killed(BaseException):
    """The program has ended at this instant."""


@dataclass
class Board:
    """A node: where its link leads, what its card holds and whether it boots by that, what runs."""

    link: str = FORMER
    former: str = ""
    card: str = ""
    own: bool = False
    runs: str = FORMER
    by_itself: bool = False

    def boots(self) -> tuple[str, bool]:
        """What it would come up with now, and whether from its card alone; empty for nothing."""
        if self.own:
            return self.card, True
        # What is tried has its kernel on the network, and its root on the card.
        return (self.link if not self.link.startswith("sdcard/") or self.card == self.link else ""), False


@dataclass
class World:
    """A Field. Before call `dies_at` (from 1) the program ends; `ill` are nodes by what ails them."""

    boards: dict[str, Board]
    ill: dict[str, str] = field(default_factory=dict)
    dies_at: int = 0
    calls: int = 0
    restarted: list[str] = field(default_factory=list)

    def _tick(self) -> None:
        for name, board in self.boards.items():
            if self.ill.get(name) not in ("panics", "mute", "dead", "lame"):
                assert board.boots()[0], f"{name} can boot neither from its card nor from the network"
        self.calls += 1
        if self.calls == self.dies_at:
            raise Killed

    async def assign(self, node: str, release: str) -> None:
        self._tick()
        board = self.boards[node]
        board.former = board.former or board.link
        board.link = release

    async def settle(self, node: str, *, passed: bool) -> None:
        self._tick()
        board = self.boards[node]
        board.link, board.former = (FLASHER if passed else board.former or board.link), ""

    async def leave(self, node: str) -> None:
        self._tick()
        self.boards[node].link = FORMER

    async def release_of(self, node: str) -> str:
        self._tick()
        return self.boards[node].runs

    async def restart(self, node: str) -> None:
        self._tick()
        board = self.boards[node]
        if self.ill.get(node) == "mute" and not board.runs:
            raise NoPower(f"nothing switches the power of {node}")
        self.restarted.append(node)
        self._starts(node)

    def _starts(self, node: str) -> None:
        board = self.boards[node]
        board.runs, board.by_itself = board.boots()
        if self.ill.get(node) in ("panics", "stuck", "mute") and board.runs == RELEASE:
            board.runs = ""
        if self.ill.get(node) == "dead":
            board.runs = ""

    async def let_start(self, node: str) -> bool:
        self._tick()
        return self.ill.get(node) in ("panics", "stuck") and not self.boards[node].runs

    async def up(self, node: str, *, seconds: float) -> str:
        self._tick()
        board = self.boards[node]
        if self.ill.get(node) == "panics" and not board.runs:
            self._starts(node)
        if self.ill.get(node) == "mute" and not board.runs and seconds > TRIAL:
            board.runs, board.by_itself = board.boots()
        if not board.runs:
            raise NodeFailed(f"{node} has not come up")
        return board.runs

    async def script(self, node: str, text: str, *, seconds: float) -> Ended:
        self._tick()
        board = self.boards[node]
        if not board.runs:
            raise NodeFailed(f"{node} does not answer")
        if self.ill.get(node) == "silent at first":
            # Before anything was done to it.
            self.ill[node] = ""
            raise NodeFailed(f"{node} does not answer")
        if text == EARN:
            board.own = True
        elif text == HOLD:
            board.own = False if board.runs == board.card else board.own
        elif text == SCRIPT.read_text():
            lame = self.ill.get(node) == "lame" and board.runs == RELEASE
            docker = "it does not" if lame else "runs"
            lines = [f"release {board.runs}", "root /dev/mmcblk0p2", "state running", "led active"]
            return Ended(0, "\n".join([*lines, f"docker {docker}", ""]), "")
        else:
            return Ended(0 if board.by_itself else 1, "", "")
        return Ended(0, "", "")

    async def bring(self, node: str, file: Path, text: str, *words: str, seconds: float) -> Ended:
        raise AssertionError("these nodes boot over the network")

    async def flash(self, node: str, release: str, then: str = "") -> str:
        self._tick()
        board = self.boards[node]
        assert board.runs == FLASHER, f"{node} runs {board.runs}"
        # What was there boots no longer from the first write on; a kill now leaves half a card.
        board.card, board.own = "", False
        self._tick()
        if self.ill.get(node) == "card":
            raise NodeFailed(f"{node}'s card returns other bytes than were written")
        board.card = release
        return "written"
