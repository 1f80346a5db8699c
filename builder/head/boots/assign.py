# SPDX-License-Identifier: Apache-2.0
"""Assign: nodes boot a release for a while. First the system that flashes their cards, then the trial of what
was flashed. It is a publishing that is taken back unless somebody says that it went well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from builder.errors import RefusedError
from builder.head.boots import cards
from builder.head.boots.cards import Keep, Trial
from builder.head.boots.publish import Published, Request, planned
from builder.head.ground.layout import Layout
from builder.head.node import instance
from builder.head.node.inventory import Inventory
from builder.head.release.manifest import Release


@dataclass(frozen=True)
class Term:
    """From `now` until `until`, in seconds since 1970."""

    now: int
    until: int


def plan(layout: Layout, inventory: Inventory, asked: Request, term: Term) -> Published:
    """What assigning would do now. Raises RefusedError and NodebakeError; changes nothing."""
    whole = planned(layout, inventory, asked, "assign")
    _fit_for_a_while(whole.release)
    present = instance.present(layout, asked.nodes)
    known = cards.load(layout)
    trials = {}
    for each in whole.wanted:
        before = present[each.node].name if each.node in present else ""
        running = known.trials.get(each.node)
        # Who is flashed, then tried, goes back to what it was before both.
        former = running.former if running else before
        rest = each.name if whole.release.mode == "ram" else running.rest if running else before
        trials[each.node] = Trial(whole.release.label, former, rest, term.now, term.until)
    noted = Keep(layout, known.trying(trials), f"what {len(trials)} go back to")
    return replace(whole, making=(*whole.making, noted))


def _fit_for_a_while(release: Release) -> None:
    """A node with its root on the head, or one that writes there, is no node to be flashed."""
    if release.mode not in ("ram", "card"):
        raise RefusedError(
            f"{release.label} is of mode `{release.mode}`, which is for nodes that stay with it",
            hint="`nodebake publish` is for that; assign the recipe `flasher`, or an image",
        )
