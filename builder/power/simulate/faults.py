# SPDX-License-Identifier: Apache-2.0
"""What the simulated control plane does wrong, command by command. The same seed gives the same faults."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Fault = Literal["", "silent", "silent undone", "dropped", "json", "seqno", "id", "on", "error"]
_WRONG: tuple[Fault, ...] = ("json", "seqno", "id", "on", "error")


@dataclass(frozen=True)
class Faults:
    """Shares of commands, 0 to 1, that get no reply, a wrong one, or the end of the connection.

    `slow` is how long each reply takes, in seconds.
    """

    slow: float = 0.01
    silent: float = 0.0
    wrong: float = 0.0
    drop: float = 0.0
    seed: int = 1


class Dice:
    """Decides for each command what becomes of its reply."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._random = Random(faults.seed)

    def next(self) -> Fault:
        """The fault of the next command; empty for none."""
        drawn, kind = self._random.random(), self._random.random()
        # A command without a reply may have been obeyed, or not.
        silent: Fault = "silent" if kind < 0.5 else "silent undone"
        wrong = _WRONG[int(kind * len(_WRONG))]
        shares: tuple[tuple[float, Fault], ...] = (
            (self._faults.silent, silent),
            (self._faults.drop, "dropped"),
            (self._faults.wrong, wrong),
        )
        for share, fault in shares:
            if drawn < share:
                return fault
            drawn -= share
        return ""
