# SPDX-License-Identifier: Apache-2.0
"""What nodes say of themselves: since when they are up, what they run, how docker and the card are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder.fleet import docker_state
from builder.fleet.docker_state import DockerState
from builder.fleet.node import pairs
from builder.fleet.order import Outcome


@dataclass(frozen=True)
class Card:
    """The card in a node's slot. `size` in bytes; `errors`: how often the kernel could not read or write."""

    size: int
    cid: str
    read_only: bool
    errors: int

    @property
    def trouble(self) -> str:
        """What is wrong with it, or empty."""
        if self.errors:
            return f"{self.errors} errors"
        return "read-only" if self.read_only else ""


@dataclass(frozen=True)
class Says:
    """What a node says. What it does not know is empty; `why` is set when it said nothing at all.

    `up_since` is in seconds since 1970, 0 when not known; `root` is the mode of a netbooted root, or what
    the root is on.
    """

    why: str = ""
    up_since: int = 0
    release: str = ""
    root: str = ""
    docker: DockerState | None = None
    card: Card | None = None


def read(outcome: Outcome) -> Says:
    """A node's answer."""
    if not outcome.well:
        return Says(why=outcome.trouble)
    told = dict(pairs(outcome.stdout))
    return Says(
        up_since=_number(told, "up_since"),
        release=told.get("release", ""),
        root=told.get("root") or _root(told.get("root_on", "")),
        docker=docker_state.read(told),
        card=_card(told) if "card" in told else None,
    )


def words(says: Says, boots: str, now: float) -> Iterator[str]:
    """The same for people; `boots` is what the head lets it boot, `now` in seconds since 1970."""
    if says.why:
        yield says.why
        return
    if says.up_since:
        yield f"up {_span(now - says.up_since)}"
    if says.release != boots:
        yield f"runs {says.release or 'another root'}"
    if says.root:
        yield f"root {says.root}"
    if says.docker:
        yield from docker_state.words(says.docker)
    if says.card:
        size = f"{says.card.size / 1e9:.0f} GB"
        yield f"card {size}{', ' if says.card.trouble else ''}{says.card.trouble}"


def _root(device: str) -> str:
    """What a root lies on, from its line of the mount table."""
    source, _, kind = device.partition(" ")
    if kind in ("nfs", "nfs4"):
        return "nfs"
    return "card" if source.startswith("/dev/mmcblk") else kind


def _card(told: Mapping[str, str]) -> Card:
    size, errors = _number(told, "card_size"), _number(told, "card_errors")
    return Card(size, told.get("card_cid", ""), "card_read_only" in told, errors)


def _number(told: Mapping[str, str], key: str) -> int:
    value = told.get(key, "")
    return int(value) if value.isdigit() else 0


def _span(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds) / 60:.0f} min"
