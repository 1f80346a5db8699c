# SPDX-License-Identifier: Apache-2.0
"""The way of nodes that boot from nothing but their card: the flasher is a guest on it, for one boot.

As it comes up it has the card boot the former system again, so a flasher that nobody reaches goes away by
itself. Only while it writes the card boots it and nothing else; and only while the first partition is
written, at the very end, the card boots nothing. What was written is booted for once, and has the card boot
the flasher the next time, until it has been found well.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from builder.head.node.cmdline import TRIAL
from builder.rollout.field import Ended, Field, NodeFailed
from builder.rollout.plan import Plan
from builder.rollout.visit import Visit
from builder.rollout.way import CHECK_SECONDS, Starting

_ENTER = Path(__file__).with_name("enter.sh")
BOOTS = Path(__file__).with_name("boots.sh")
# Which flasher its card boots the next time, of a node that tries what is on it.
TURNED = """\
cd /boot/firmware || exit 1
[ -s config.txt.own ] && grep -q '^os_prefix=nodebake-flasher/' config.txt || exit 0
cat nodebake-flasher/*/cmdline.txt | tr ' ' '\\n' | sed -n 's/^nodebake\\.release=//p'
"""
SEND_SECONDS = 1800
"""For some 80 MB to a node on a wireless network, and to its card."""
PATIENCE = 180
"""Seconds in which a node that does not answer may be at the end of writing its card."""
IN_A_READER = "write its card in a reader: nodebake write RECIPE DEVICE --node NODE"


@dataclass(frozen=True)
class FromCard:
    """A Way."""

    field: Field
    plan: Plan
    starting: Starting
    visit: Visit

    async def into_flasher(self, node: str) -> None:
        if self._is_flasher(await self.field.release_of(node)):
            return
        turned = (await self._script(node, TURNED)).stdout.strip()
        if not turned:
            text = _ENTER.read_text(encoding="utf-8")
            words = self.visit.words
            entered = await self.field.bring(node, self.visit.tar, text, *words, seconds=SEND_SECONDS)
            _well(entered, f"{node} does not take the flasher")
        await self.starting.into(node, turned or self.plan.flasher)

    async def flash(self, node: str, release: str) -> str:
        await self.into_flasher(node)
        _well(await self._script(node, _boots("stay")), f"{node} would not boot its flasher again")
        return await self.field.flash(node, release, _boots("try", release, str(TRIAL)))

    async def try_it(self, node: str, release: str) -> None:
        runs = await self.field.release_of(node)
        if runs == release:
            return
        if self._is_flasher(runs):
            # Again, where the trial is over.
            tried = await self._script(node, _boots("try", release, str(TRIAL)))
            _well(tried, f"{node} cannot try {release}")
        await self.starting.into(node, release)

    async def arrive(self, node: str, release: str) -> None:
        await self.try_it(node, release)
        _well(await self._own(node, release), f"{node}'s card cannot be made to boot {release}")
        await self.starting.into(node, release)
        if not await self.starting.by_itself(node):
            raise NodeFailed(f"{node} does not boot {release} to stay", hint=IN_A_READER)

    async def restore(self, node: str) -> None:
        former, runs = self.plan.former.get(node, ""), await self.starting.heard_of(node, PATIENCE)
        if not runs:
            try:
                runs = await self.starting.again(node)
            except NodeFailed as error:
                facts = ["when it starts again it boots the flasher, or what it ran before", error.message]
                raise NodeFailed(f"{node} does not answer", facts=facts, hint=IN_A_READER) from error
        if former and runs == former:
            _well(await self._own(node, former), f"{node}'s card goes on booting the flasher")
            return
        if former and self._is_flasher(runs) and not (await self._own(node, former)).code:
            await self.starting.into(node, former)
            return
        await self.take_back(node)

    async def take_back(self, node: str) -> None:
        former = self.plan.former.get(node, "")
        if not former:
            raise NodeFailed(f"{node} ran nothing before that it could go back to", hint=IN_A_READER)
        if await self.field.release_of(node) != former:
            await self.flash(node, former)
            await self.arrive(node, former)

    async def _own(self, node: str, release: str) -> Ended:
        """Have its card boot what it holds, from now on."""
        return await self._script(node, _boots("own", release))

    async def _script(self, node: str, text: str) -> Ended:
        return await self.field.script(node, text, seconds=CHECK_SECONDS)

    def _is_flasher(self, release: str) -> bool:
        """Any of that recipe: what it does here comes with each call."""
        return release.partition("/")[0] == self.plan.flasher.partition("/")[0]


def _boots(*words: str) -> str:
    """`boots.sh` with its words, as a script."""
    return f"set -- {shlex.join(words)}\n{BOOTS.read_text(encoding='utf-8')}"


def _well(ended: Ended, what: str) -> None:
    """Raises NodeFailed of a script that failed, with the last line that it told."""
    if ended.code:
        why = next(reversed(ended.stderr.strip().splitlines()), f"it ended with {ended.code}")
        raise NodeFailed(f"{what}: {why}", hint=IN_A_READER)
