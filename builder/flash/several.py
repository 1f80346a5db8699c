# SPDX-License-Identifier: Apache-2.0
"""Several cards at once, each in a thread of its own: they wait for their readers, not for this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from builder.cluster.cluster import Cluster, Node
from builder.errors import Interrupted, NodebakeError, RecipeError
from builder.flash.agent.order import Identity, Order
from builder.flash.agent.receipt import Receipt
from builder.flash.agent.work import write
from builder.flash.offer import Offer
from builder.report.report import Bar, Report


@dataclass(frozen=True)
class Wish:
    """What the operator allows; as in an order."""

    take_card: bool = False
    older: bool = False
    keep_data: bool = False


def orders(
    offer: Offer,
    devices: Sequence[str],
    nodes: Sequence[Node],
    cluster: Cluster | None,
    secrets: Mapping[str, bytes],
    wish: Wish,
    trust: Mapping[str, str] | None = None,
) -> list[Order]:
    """An order for each device; with nodes, the first node's card is in the first. Raises RecipeError.

    `trust` are files that tell a node whose releases it believes.
    """
    release = offer.trusted.release
    if len(set(devices)) != len(devices):
        raise RecipeError("a device is named twice", hint="each card needs a reader of its own")
    if nodes and len(nodes) != len(devices):
        raise RecipeError(
            f"{len(nodes)} nodes and {len(devices)} devices",
            facts=["each node gets one card, in the order in which they are named"],
            hint="name as many of one as of the other",
        )
    unfit = [f"{node.name} is a {node.board}" for node in nodes if node.board not in release.boards]
    if unfit and release.boards:
        raise RecipeError(
            f"`{release.label}` is not for every one of these nodes",
            facts=[*unfit[:5], f"it is for {', '.join(release.boards)}"],
            hint="leave those out, or add the board to the recipe and build again",
        )
    whose: Sequence[Node | None] = nodes or [None] * len(devices)
    return [
        Order(
            node=node.name if node else "",
            release=release.label,
            source="",
            device=device,
            board=node.board if node else "",
            signers="",
            identity=Identity(
                texts={**_texts(node, cluster), **(trust or {})} if node and cluster else {}, secrets=secrets
            ),
            # It is for a person's hands: it boots where it is put.
            held=False,
            take_card=wish.take_card,
            older=wish.older,
            keep_data=wish.keep_data,
        )
        for device, node in zip(devices, whose, strict=True)
    ]


def carry_out(offer: Offer, given: Sequence[Order], report: Report) -> list[Receipt | NodebakeError]:
    """Write all the cards; for each, in order, what was done or what went wrong."""
    over = Event()

    def one(order: Order) -> Receipt | NodebakeError:
        with report.bytes_bar(order.device, offer.trusted.release.image_size) as bar:
            try:
                return write(order, offer.source(), offer.trusted, _Compared(bar, over))
            except NodebakeError as error:
                return error

    with ThreadPoolExecutor(len(given)) as pool:
        try:
            return list(pool.map(one, given))
        finally:
            # Interrupted: nobody waits until the cards are whole, and they say that they are not.
            over.set()


def failed(given: Sequence[Order], ended: Iterable[Receipt | NodebakeError]) -> NodebakeError | None:
    """All that went wrong as one error; None when nothing did."""
    wrong = [(order, end) for order, end in zip(given, ended, strict=True) if isinstance(end, NodebakeError)]
    if len(wrong) < 2:
        return wrong[0][1] if wrong else None
    facts = [line for _, error in wrong for line in (error.message, *(f"  {fact}" for fact in error.facts))]
    error = NodebakeError(
        f"{len(wrong)} of {len(given)} cards were not written", facts=facts, hint=wrong[0][1].hint
    )
    error.exit = max(each.exit for _, each in wrong)
    return error


def _texts(node: Node, cluster: Cluster) -> dict[str, str]:
    """What the head would give the node too, as far as no key is in it: those are made at the first boot."""
    facts = {
        "format": 1,
        "name": node.name,
        "number": node.number,
        "mac": node.mac,
        "address": str(node.address),
        "board": node.board,
        "serial": node.serial,
        "head": str(cluster.head.address),
    }
    return {
        "etc/hostname": f"{node.name}\n",
        "etc/nodebake/node": json.dumps(facts, sort_keys=True) + "\n",
    }


@dataclass
class _Compared:
    """Moves a bar as the card is gone through; reading back is told by no bar. Ends it when all is `over`."""

    bar: Bar
    over: Event
    done: int = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self.over.is_set():
            raise Interrupted
        if phase == "compare":
            self.bar.advance(done - self.done)
            self.done = done
