# SPDX-License-Identifier: Apache-2.0
"""What has happened in a rollout, as its journal tells it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from builder.rollout.plan import Asked


class Stage(StrEnum):
    """Where a node is on its way. What stands before DONE was reached, and the next is being worked at."""

    PLANNED = "planned"
    FLASHER = "flasher"
    """It runs the system that flashes."""
    FLASHED = "flashed"
    """Its card holds the release, and does not boot by itself."""
    TRIED = "tried"
    """It came up with its root on the card."""
    HEALTHY = "healthy"
    """It does what nodes are for."""
    DONE = "done"
    """Its card boots by itself, and it came up from there."""
    FAILED = "failed"
    RESTORED = "restored"
    """It failed, and runs again what it ran before."""
    LOST = "lost"
    """It failed, and a person has to look at it."""


WAY = (Stage.PLANNED, Stage.FLASHER, Stage.FLASHED, Stage.TRIED, Stage.HEALTHY, Stage.DONE)
OVER = frozenset({Stage.DONE, Stage.RESTORED, Stage.LOST})
WRONG = frozenset({Stage.FAILED, Stage.RESTORED, Stage.LOST})


class Word(StrEnum):
    """What is said of a rollout as a whole, by the operator."""

    PAUSED = "paused"
    RESUMED = "resumed"
    ABORTED = "aborted"


@dataclass(frozen=True)
class Reached:
    """A node has come to a stage; `why` for those that are wrong. `at` is in seconds since 1970."""

    at: int
    node: str
    stage: Stage
    why: str = ""


@dataclass(frozen=True)
class Said:
    """A word of the operator's; `asked` is what a rollout that is gone on with is asked for from now on."""

    at: int
    word: Word
    asked: Asked | None = None


Event = Reached | Said
