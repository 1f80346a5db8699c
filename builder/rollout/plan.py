# SPDX-License-Identifier: Apache-2.0
"""What a rollout is to do: which nodes, in which waves, from what to what, and when it is to stop. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from builder.errors import RecipeError

UP_SECONDS = 420.0
"""From a restart until a node answers: three times what a Pi 3 takes for a netboot of 70 MB."""


Transport = Literal["auto", "http", "swarm"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)


@dataclass(frozen=True)
class Asked:
    """What whoever began asked for besides; it holds for whoever goes on, and for who undoes it.

    `check` is a command of the site's own: a good node ends it with 0. `take_card`: also a card whose content
    is not ours; `keep_data`: docker's partition stays as it is; `older`: also a release older than the one on
    the card; `transport`: where nodes take the image from; `up_within`: seconds that a node gets to come up.
    """

    check: str = ""
    take_card: bool = False
    keep_data: bool = False
    older: bool = False
    transport: Transport = "auto"
    up_within: float = UP_SECONDS


@dataclass(frozen=True)
class Limits:
    """When no further node is begun.

    `success` is the part of a wave, from 0 to 1, that must have arrived before the next one begins;
    `failures` is how many nodes may fail in all.
    """

    success: float = 1.0
    failures: int = 0


@dataclass(frozen=True)
class Plan:
    """`release` is what nodes are moved to, `flasher` the system that writes it, both RECIPE/VERSION.

    `former` tells what each node booted when the rollout began, empty for nothing; those of `cards` had that
    on their cards.
    """

    release: str
    flasher: str
    waves: tuple[tuple[str, ...], ...]
    limits: Limits = field(default_factory=Limits)
    former: Mapping[str, str] = field(default_factory=dict)
    cards: tuple[str, ...] = ()
    asked: Asked = Asked()

    @property
    def recipe(self) -> str:
        return self.release.partition("/")[0]

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(name for wave in self.waves for name in wave)


def waves(nodes: Sequence[str], canaries: Sequence[str], size: int) -> tuple[tuple[str, ...], ...]:
    """The canaries first, by themselves, then the others in waves of `size`. Raises RecipeError."""
    if size < 1:
        raise RecipeError(f"a wave of {size} nodes moves nobody", hint="`--wave 8` moves eight at a time")
    unknown = [name for name in canaries if name not in nodes]
    if unknown:
        raise RecipeError(
            f"the canary `{unknown[0]}` is none of the nodes", hint="name one of those that are rolled out to"
        )
    others = [name for name in nodes if name not in canaries]
    rest = (tuple(others[first : first + size]) for first in range(0, len(others), size))
    return tuple(wave for wave in (tuple(canaries), *rest) if wave)
