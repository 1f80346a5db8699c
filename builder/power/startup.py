# SPDX-License-Identifier: Apache-2.0
"""How many nodes come up: staggered, watched, stragglers cycled up to a limit. Decided here, without a clock.

Whoever runs it asks for the actions that are due, does them, and tells what came of them and what was seen
of the nodes; `now` is seconds on any clock that does not go back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from builder.power.power_file import SequenceModel


class Phase(StrEnum):
    """How far a node is."""

    WAITING = "waiting"
    """Off, and its turn has not come."""
    POWERED = "powered"
    ASKS = "asks"
    """Its boot ROM asks for an address."""
    LOADS = "loads"
    """It fetches files."""
    UP = "up"
    CYCLING = "cycling"
    """Off for a moment, because it did not come up."""
    MISSING = "missing"
    """Given up: it did not come up, or could not be switched."""


_SEEN = (Phase.POWERED, Phase.ASKS, Phase.LOADS, Phase.UP)
OVER = (Phase.UP, Phase.MISSING)


@dataclass(frozen=True)
class Action:
    """A node is to be switched. `why` is for people, and empty for the first time."""

    number: int
    on: bool
    why: str = ""


@dataclass
class Progress:
    """One node on its way. `since` is when its power came, `due` when it may be switched on."""

    number: int
    phase: Phase = Phase.WAITING
    cycles: int = 0
    """How often it was tried once more."""
    since: float | None = None
    due: float | None = 0.0
    untouched: bool = False
    """It was on before: it is watched, and its power is left alone."""
    unsure: bool = False
    """Nobody knows whether it was switched on: it is to be cut first."""
    took: float | None = None
    """Seconds from power to up."""
    why: str = ""
    """Why it is missing."""


@dataclass
class Startup:
    """One start of some nodes. `logged` are those whose way up the log shows."""

    sequence: SequenceModel
    logged: frozenset[int]
    nodes: dict[int, Progress] = field(default_factory=dict)
    _next_batch: float = 0.0

    def add(self, numbers: Iterable[int], *, now: float, on_already: bool = False) -> None:
        """Nodes to start, in this order; or nodes that are on already, and only to be watched."""
        for number in numbers:
            if on_already:
                self.nodes[number] = Progress(number, Phase.POWERED, since=now, due=None, untouched=True)
            else:
                self.nodes[number] = Progress(number)

    def over(self) -> bool:
        """Whether every node is up or given up."""
        return all(node.phase in OVER for node in self.nodes.values())

    def actions(self, now: float) -> list[Action]:
        """What is to be switched now, in this order: what is late, then a batch when its time has come."""
        late = [action for node in self.nodes.values() if (action := self._late(node, now)) is not None]
        return [*late, *self._batch(now)]

    def switched(self, number: int, on: bool, now: float) -> None:
        """A node was switched. Its time runs from here, unless it was seen to boot already."""
        node = self.nodes[number]
        if not on:
            node.due = now + self.sequence.off_for
        elif node.phase is Phase.POWERED:
            node.since = now

    def failed(self, number: int, on: bool, why: str, now: float) -> None:
        """A node was not switched, or nobody knows. It is tried once more, unless it shows that it boots."""
        node = self.nodes[number]
        if on and node.phase is not Phase.POWERED:
            return
        if on and node.cycles < self.sequence.cycles:
            # It may be on or off: a cut makes the next boot one that is watched from its beginning.
            node.cycles += 1
            node.phase, node.since, node.unsure = Phase.CYCLING, None, True
        elif on:
            self._give_up(node, why)
        else:
            node.due = now + self.sequence.off_for

    def seen(self, number: int, phase: Phase, now: float) -> bool:
        """A node was seen in a phase; whether that is news. What it did before its power came is none."""
        node = self.nodes.get(number)
        if node is None or node.since is None or node.phase not in _SEEN:
            return False
        if _SEEN.index(phase) <= _SEEN.index(node.phase):
            return False
        node.phase = phase
        if phase is Phase.UP:
            node.took = now - node.since
        return True

    def _late(self, node: Progress, now: float) -> Action | None:
        """The cut that a node's lateness asks for; a node that had its chances is given up."""
        if node.unsure:
            node.unsure = False
            return Action(node.number, on=False, why="to be sure")
        if node.since is None or node.phase in OVER:
            return None
        waited, sequence = now - node.since, self.sequence
        stuck = node.number in self.logged and node.phase in (Phase.POWERED, Phase.ASKS)
        if waited >= sequence.up_within:
            why = f"not up within {sequence.up_within:g} s"
        elif stuck and not node.untouched and waited >= sequence.loads_within:
            what = "not seen in the log" if node.phase is Phase.POWERED else "asked, and fetched nothing"
            why = f"{what} within {sequence.loads_within:g} s"
        else:
            return None
        if node.untouched:
            self._give_up(node, f"{why}; it was on before, so its power was left alone")
            return None
        if node.cycles >= sequence.cycles:
            self._give_up(node, why)
            return None
        node.cycles += 1
        node.phase, node.since = Phase.CYCLING, None
        return Action(node.number, on=False, why=why)

    def _give_up(self, node: Progress, why: str) -> None:
        node.phase, node.due, node.why = Phase.MISSING, None, why

    def _batch(self, now: float) -> list[Action]:
        if now < self._next_batch:
            return []
        ready = [node for node in self.nodes.values() if node.due is not None and node.due <= now]
        # Nodes that wait for their first turn go before those that had one.
        ready.sort(key=lambda node: node.cycles)
        batch = ready[: self.sequence.batch]
        for node in batch:
            # It may boot while the confirmation is still on its way.
            node.phase, node.since, node.due = Phase.POWERED, now, None
        if batch:
            self._next_batch = now + self.sequence.stagger
        return [Action(node.number, on=True, why="again" if node.cycles else "") for node in batch]
