# SPDX-License-Identifier: Apache-2.0
"""What is switched, what is known of it, and what every driver does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from builder.errors import NodebakeError

Tell = Callable[[str], None]
"""Takes a line for people: what is done, or what went wrong and is tried again."""


class State(StrEnum):
    """What is known of the power of an outlet. Not knowing is a state of its own, and never taken for off."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"

    @staticmethod
    def of(on: bool | None) -> State:
        """The state of what is on, off, or neither known to be."""
        return State.UNKNOWN if on is None else State.ON if on else State.OFF


MAINS = 0
"""The number of the outlet that feeds the whole module, head included; nodes count from 1."""


@dataclass(frozen=True)
class Outlet:
    """What a driver switches: a node's place by its number, or the mains. `mac` is empty when not known."""

    number: int
    name: str
    mac: str = ""


class PowerError(NodebakeError):
    """The power of something could not be switched or asked."""


class Driver(Protocol):
    """One way to switch power. Asked and switched in any order, by one caller at a time or several."""

    tells_state: bool
    """Whether it can know a state at all; without that, every state is unknown."""

    async def on(self, outlet: Outlet) -> None:
        """Switch on; raises PowerError. That it is on, only `status` knows."""

    async def off(self, outlet: Outlet) -> None:
        """Cut the power; raises PowerError."""

    async def status(self, outlets: Sequence[Outlet]) -> Mapping[int, State]:
        """The state of each of the outlets, by number; raises PowerError when nothing can be asked."""
        ...
