# SPDX-License-Identifier: Apache-2.0
"""An order, carried out: believe the release, look at the card, refuse or write, tell what was done."""

from __future__ import annotations

import time

from builder.errors import RefusedError
from builder.flash.agent import board, card, identity
from builder.flash.agent.blocks import Blocks
from builder.flash.agent.boot_last import BootLast
from builder.flash.agent.card import Allowed
from builder.flash.agent.direct import Device
from builder.flash.agent.flash import Flash, Tell
from builder.flash.agent.label import Label
from builder.flash.agent.order import Order
from builder.flash.agent.receipt import Receipt
from builder.flash.agent.release import Release
from builder.flash.agent.source import Source, Web
from builder.flash.agent.supply import InOrder, Supply
from builder.flash.agent.swarm import Swarming
from builder.flash.agent.trust import Trusted, trusted
from builder.flash.agent.wanted import wanted


def carry_out(order: Order, tell: Tell) -> Receipt:
    """Flash the device of an order that came to a node. Raises NodebakeError."""
    source = Web(order.source)
    try:
        found = trusted(source, order.signers, order.revoked, order.release)
        board.check(found.release, order.board)
        return write(order, source, found, tell)
    finally:
        source.close()


def write(order: Order, source: Source, found: Trusted, tell: Tell) -> Receipt:
    """Write a release that is believed onto the device of `order`. Raises NodebakeError."""
    began, release = time.monotonic(), found.release
    slot = _slot(order, release)
    device = Device(order.device)
    try:
        there = card.look(device)
        allowed = Allowed(order.take_card, order.older, order.keep_data)
        card.allow(there, release, order.device, allowed)
        kept = there.data if order.keep_data else None
        content = wanted(found.index, release, order.node, slot, held=order.held, data=kept)
        begun = Label("flashing", release.label, release.epoch, order.node, kept)
        blocks = Blocks(source, release.image, content)
        supply: Supply = Swarming(order.source, blocks, order.device) if order.swarm else InOrder(blocks)
        try:
            way = BootLast if order.boot_last else Flash
            flash = way(device, blocks, supply, begun, tell)
            changed = flash.run()
        finally:
            supply.close()
    finally:
        device.close()
    place = board.here(order.device)
    return Receipt(
        outcome="written" if changed else "same",
        node=order.node,
        release=release.label,
        former=there.release.release if there.release else "",
        signer=found.signer,
        device=order.device,
        serial=place.serial,
        mac=place.mac,
        cid=place.cid,
        compared=flash.compared,
        moved=source.moved + supply.moved,
        written=device.written,
        seconds=round(time.monotonic() - began, 3),
        from_nodes=supply.from_nodes,
        to_nodes=supply.to_nodes,
    )


def _slot(order: Order, release: Release) -> bytes:
    """What goes into the identity's slot. Raises RefusedError when the image needs it and there is none."""
    start, size = release.slot
    lacking = [name for name in release.wants if name not in order.identity.secrets]
    if lacking:
        raise RefusedError(
            f"`{release.label}` wants secrets that were not given: {', '.join(lacking)}",
            hint="put them where site.yaml says that secrets lie",
        )
    if start:
        return identity.pack(order.identity, size)
    if order.identity.files or order.identity.secrets or order.identity.texts:
        raise RefusedError(
            f"the image of `{release.label}` has no place for what makes a card a node's",
            hint="build it again with this nodebake",
        )
    return b""
