# SPDX-License-Identifier: Apache-2.0
"""Settle: what nodes have tried is taken back, or stays. Whose time is over goes back by itself.

A node that passed boots from its card from now on. What the network has for it then is the system that
flashed it: if its card is ever empty or broken it comes up there, where it can be reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from builder.errors import RefusedError
from builder.head.boots import cards, rollback
from builder.head.boots.cards import Card, Cards, Keep
from builder.head.boots.publish import switching
from builder.head.ground.layout import Layout
from builder.head.ground.operation import Operation
from builder.head.node import instance
from builder.head.node.inventory import Inventory, Node
from builder.head.served import exports, fragments


@dataclass(frozen=True)
class Settled:
    """A plan: operations, which nodes run from their cards, and which go back to what."""

    operations: tuple[Operation, ...]
    passed: tuple[str, ...]
    back: tuple[str, ...]


def passed(layout: Layout, inventory: Inventory, nodes: tuple[Node, ...], now: int, server: str) -> Settled:
    """These nodes run from their cards from now on, and roots of their own are exported to them no longer.

    Raises RefusedError for one that tries no card.
    """
    known, present = cards.load(layout), instance.present(layout, nodes)
    earned = {}
    lacking = []
    for node in nodes:
        trial, boots = known.trials.get(node.name), present.get(node.name)
        if trial and boots and boots.mode == "card" and boots.release == trial.release:
            earned[node.name] = Card(trial.release, trial.rest, now)
        elif node.name not in known.cards:
            lacking.append(f"{node.name} tries {trial.release if trial else 'nothing'}")
    if lacking:
        raise RefusedError(
            f"{len(lacking)} of {len(nodes)} nodes try no card",
            facts=lacking,
            hint="`nodebake deploy` begins anew with them; nothing was switched",
        )
    # Written down first: a kill in between leaves what `overdue` mends, and never takes the card back.
    kept = [Keep(layout, known.earned(earned), f"that {len(earned)} run from their cards")] if earned else []
    after = known.earned(earned)
    return Settled(
        (*kept, *_rested(layout, nodes, after), *_exported(layout, inventory, after, server)),
        tuple(node.name for node in nodes),
        (),
    )


def restored(
    layout: Layout, inventory: Inventory, on_cards: Mapping[str, str], now: int, server: str
) -> Settled:
    """On a head that is made anew: nodes that ran these releases from their cards do so still."""
    present = instance.present(layout, inventory.nodes)
    again = {
        name: Card(label, present[name].name, now) for name, label in on_cards.items() if name in present
    }
    if not again:
        return Settled((), (), ())
    after = cards.load(layout).earned(again)
    kept = Keep(layout, after, f"that {len(again)} run from their cards")
    return Settled((kept, *_exported(layout, inventory, after, server)), tuple(again), ())


def failed(layout: Layout, nodes: tuple[Node, ...]) -> Settled:
    """These nodes go back to what they were before; those that try nothing are left as they are."""
    known = cards.load(layout)
    trying = tuple(node for node in nodes if node.name in known.trials)
    wanted = {
        node.name: before
        for node in trying
        if (before := instance.read(layout, node.name, known.trials[node.name].former))
    }
    going = tuple(node for node in trying if node.name in wanted)
    switches = switching(layout, "rollback", going, instance.present(layout, going), wanted)
    # The switch comes first: until it is done the trial says where the node belongs.
    return Settled(
        (*switches, *cards.ended(layout, known, (node.name for node in trying))),
        (),
        tuple(f"{name}: {each.release}" for name, each in wanted.items()),
    )


def left(layout: Layout, inventory: Inventory, nodes: tuple[Node, ...], server: str) -> Settled:
    """These nodes run no longer from their cards, which boot no more: back to what they booted before that.

    Raises RefusedError where there is no such thing.
    """
    known, present = cards.load(layout), instance.present(layout, nodes)
    gone = {node.name for node in nodes if node.name in known.cards}
    # Whose link leads neither to its rest nor to its trial was switched before a kill, or by a publish.
    switched = {
        name
        for name, boots in present.items()
        if name in gone and boots.mode != "card" and boots.name != known.cards[name].rest
    }
    moving = tuple(node for node in nodes if node.name in gone - switched)
    back = rollback.plan(layout, moving)
    kept = replace(known, cards={name: card for name, card in known.cards.items() if name not in gone})
    noted = [Keep(layout, kept, f"that {len(gone)} left their cards")] if gone else []
    # What they boot is exported before it is booted; while the card is written down, this can be done again.
    return Settled(
        (*_exported(layout, inventory, kept, server), *back.operations, *noted),
        (),
        tuple(f"{each.node}: {each.release}" for each in back.wanted),
    )


def overdue(layout: Layout, inventory: Inventory, now: int) -> Settled:
    """What time has settled, and what a kill has left undone."""
    known = cards.load(layout)
    late = set(known.overdue(now))
    back = failed(layout, tuple(node for node in inventory.nodes if node.name in late))
    rested = _rested(layout, inventory.nodes, known)
    return Settled((*rested, *back.operations), (), back.back)


def _exported(layout: Layout, inventory: Inventory, known: Cards, server: str) -> Sequence[Operation]:
    """What brings the exports to where `known` is."""
    rows = exports.table(layout, inventory, known.served(instance.everywhere(layout)))
    return fragments.for_exports(layout, rows, server)


def _rested(layout: Layout, nodes: tuple[Node, ...], known: Cards) -> list[Operation]:
    """Nodes that run from their cards and whose link still leads to the trial of that: to their rest."""
    present = instance.present(layout, nodes)
    wanted = {}
    for node in nodes:
        card, boots = known.cards.get(node.name), present.get(node.name)
        rest = instance.read(layout, node.name, card.rest) if card else None
        if rest and boots and boots.mode == "card":
            wanted[node.name] = rest
    moving = tuple(node for node in nodes if node.name in wanted)
    return switching(layout, "rollback", moving, present, wanted)
