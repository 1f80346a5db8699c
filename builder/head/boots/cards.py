# SPDX-License-Identifier: Apache-2.0
"""`state/cards.json`, format 1: which nodes try something for a while, and which run from their cards.

A trial is written down before the node is switched, and says what the node goes back to: whoever comes after
a kill, or after its time is over, settles it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from builder.errors import NodebakeError
from builder.head.ground import files
from builder.head.ground.layout import Layout
from builder.head.node.instance import Instance

FORMAT = 1


@dataclass(frozen=True)
class Trial:
    """What a node boots until `until` (seconds since 1970), and the instance it goes back to.

    `rest` is the instance that it is left with when all went well: what it booted to be flashed.
    """

    release: str
    former: str
    rest: str
    since: int
    until: int


@dataclass(frozen=True)
class Card:
    """The release on a node's card, which boots by itself; `rest` is what the network has for that node."""

    release: str
    rest: str
    since: int


@dataclass(frozen=True)
class Cards:
    """All of them, by the name of the node."""

    trials: Mapping[str, Trial] = field(default_factory=dict)
    cards: Mapping[str, Card] = field(default_factory=dict)

    def overdue(self, now: int) -> tuple[str, ...]:
        """The nodes whose time is over."""
        return tuple(sorted(name for name, trial in self.trials.items() if trial.until <= now))

    def served(self, instances: Iterable[Instance]) -> list[Instance]:
        """Those of `instances` that are there for nodes over the network: of a node on its card its rest."""
        return [
            each
            for each in instances
            if each.node not in self.cards or each.name == self.cards[each.node].rest
        ]

    def needed(self) -> set[tuple[str, str]]:
        """Instances, as node and name, that somebody goes back to."""
        named = {(node, name) for node, trial in self.trials.items() for name in (trial.former, trial.rest)}
        return named | {(node, card.rest) for node, card in self.cards.items()}

    def trying(self, trials: Mapping[str, Trial]) -> Cards:
        """With these trials: what was on those nodes' cards boots no longer by itself."""
        cards = {name: card for name, card in self.cards.items() if name not in trials}
        return Cards({**self.trials, **trials}, cards)

    def without(self, nodes: Iterable[str]) -> Cards:
        """Without the trials of these nodes."""
        gone = set(nodes)
        return replace(self, trials={name: each for name, each in self.trials.items() if name not in gone})

    def earned(self, cards: Mapping[str, Card]) -> Cards:
        """With these nodes running from their cards, and no longer trying."""
        return Cards(self.without(cards).trials, {**self.cards, **cards})


@dataclass(frozen=True)
class Keep:
    """Write down `cards`; `why` tells what for."""

    layout: Layout
    cards: Cards
    why: str

    def describe(self) -> str:
        return f"write down {self.why}"

    def run(self) -> None:
        files.write(self.layout.state / "cards.json", dump(self.cards), lasting=True)


def ended(layout: Layout, known: Cards, nodes: Iterable[str]) -> list[Keep]:
    """What ends the trials of these nodes, which are switched to stay."""
    over = [name for name in nodes if name in known.trials]
    return [Keep(layout, known.without(over), f"that {len(over)} try nothing any more")] if over else []


def dump(cards: Cards) -> str:
    """A node a line."""
    parts = []
    told: dict[str, dict[str, Any]] = asdict(cards)
    for key, rows in told.items():
        lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(rows.items())]
        parts.append(f' "{key}": {{' + ("\n" + ",\n".join(lines) + "\n }" if lines else "}"))
    return f'{{"format": {FORMAT},\n' + ",\n".join(parts) + "\n}\n"


def load(layout: Layout) -> Cards:
    """The inverse of :func:`dump`. Raises NodebakeError for what cannot be read."""
    path = layout.state / "cards.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise NodebakeError(
                f"`{path}` of format `{fields['format']}` cannot be read",
                facts=[f"this nodebake-head reads format {FORMAT}"],
                hint="install the nodebake-head that wrote it, or a newer one",
            )
        return Cards(
            {name: Trial(**row) for name, row in fields["trials"].items()},
            {name: Card(**row) for name, row in fields["cards"].items()},
        )
    except FileNotFoundError:
        return Cards()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NodebakeError(
            f"`{path}` is damaged",
            facts=[f"{type(error).__name__}: {error}"],
            hint="`nodebake status` tells what each node boots; remove the file, then publish to those nodes",
        ) from error
