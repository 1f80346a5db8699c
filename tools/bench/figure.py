# SPDX-License-Identifier: Apache-2.0
"""What was measured: samples of one quantity, and what a table says of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Spent:
    """One run: processor seconds (user and system) of all its processes, and seconds of wall clock.

    `waited` is the processor time of those processes only that were waited for: what wait4 tells.
    """

    cpu: float
    wall: float
    waited: float


@dataclass(frozen=True)
class Figure:
    """Samples of one quantity in `unit`."""

    unit: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.samples)

    def dump(self) -> dict[str, Any]:
        """As the result file has it."""
        return {
            "unit": self.unit,
            "runs": len(self.samples),
            "min": round(min(self.samples), 4),
            "median": round(self.median, 4),
            "max": round(max(self.samples), 4),
        }


def cpu(runs: Sequence[Spent]) -> Figure:
    """The processor seconds of these runs."""
    return Figure("CPU s", tuple(run.cpu for run in runs))


def wall(runs: Sequence[Spent]) -> Figure:
    """The wall seconds of these runs."""
    return Figure("s", tuple(run.wall for run in runs))


def ratio(ours: Figure, peer: Figure) -> float:
    """Median by median."""
    return ours.median / peer.median


def unwaited(runs: Sequence[Spent]) -> float:
    """The largest share of a run's processor time that wait4 alone would have missed."""
    return max(((run.cpu - run.waited) / run.cpu for run in runs if run.cpu), default=0.0)
