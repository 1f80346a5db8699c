# SPDX-License-Identifier: Apache-2.0
"""The way of nodes that boot from nothing but their card: the flasher is a guest on it, for one boot.

As it comes up it has the card boot the former system again, so a flasher that nobody reaches goes away by
itself. Only while it writes the card boots it and nothing else; and only while the first partition is
written, at the very end, the card boots nothing.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from builder.rollout.field import Ended, Field, NodeFailed
from builder.rollout.plan import Plan
from builder.rollout.visit import Visit
from builder.rollout.way import CHECK_SECONDS, Starting

_ENTER = Path(__file__).with_name("enter.sh")
_VISIT = "/usr/lib/nodebake/visit"
# On the former system: what was brought goes, and the card boots that system as before.
UNDO = """\
cd /boot/firmware
[ -f config.txt.former ] || exit 0
cp config.txt.former config.txt.new
sync
mv config.txt.new config.txt
rm -rf config.txt.former config.txt.visit nodebake-flasher
sync
"""
SEND_SECONDS = 1800
"""For some 80 MB to a node on a wireless network, and to its card."""
IN_A_READER = "write its card in a reader: nodebake write RECIPE DEVICE --node NODE"


@dataclass(frozen=True)
class FromCard:
    """A Way."""

    field: Field
    plan: Plan
    starting: Starting
    visit: Visit

    async def into_flasher(self, node: str) -> None:
        if await self.field.release_of(node) == self.plan.flasher:
            return
        text = _ENTER.read_text(encoding="utf-8")
        entered = await self.field.bring(node, self.visit.tar, text, *self.visit.words, seconds=SEND_SECONDS)
        if entered.code:
            raise NodeFailed(f"{node} does not take the flasher: {_last(entered)}", hint=IN_A_READER)
        await self.starting.into(node, self.plan.flasher)

    async def flash(self, node: str, release: str) -> str:
        stays = await self.field.script(node, f"{_VISIT} stay\n", seconds=CHECK_SECONDS)
        if stays.code:
            raise NodeFailed(f"{node} would not boot its flasher again: {_last(stays)}", hint=IN_A_READER)
        return await self.field.flash(node, release)

    async def try_it(self, node: str, release: str) -> None:
        await self.starting.unless_there(node, release)

    async def arrive(self, node: str, release: str) -> None:
        """It boots from its card and nothing else, as it has just shown."""

    async def restore(self, node: str) -> None:
        former, runs = self.plan.former.get(node, ""), await self.field.release_of(node)
        if former and runs == former:
            undone = await self.field.script(node, UNDO, seconds=CHECK_SECONDS)
            if undone.code:
                raise NodeFailed(f"{node}'s card goes on booting the flasher: {_last(undone)}")
            return
        if not runs:
            raise NodeFailed(
                f"{node} does not answer",
                facts=["if it is in the flasher, it boots what it ran before within the hour"],
                hint=IN_A_READER,
            )
        if former and runs == self.plan.flasher:
            text = f"{_VISIT} back {shlex.quote(former)}\n"
            back = await self.field.script(node, text, seconds=CHECK_SECONDS)
            if not back.code:
                await self.starting.into(node, former)
                return
        await self.take_back(node)

    async def take_back(self, node: str) -> None:
        former = self.plan.former.get(node, "")
        if not former:
            raise NodeFailed(f"{node} ran nothing before that it could go back to", hint=IN_A_READER)
        if await self.field.release_of(node) != former:
            await self.into_flasher(node)
            await self.flash(node, former)
            await self.starting.into(node, former)


def _last(ended: Ended) -> str:
    """The last line that a script told of its failure."""
    return next(reversed(ended.stderr.strip().splitlines()), f"it ended with {ended.code}")
