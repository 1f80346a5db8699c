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
TRIAL_SCRIPT = Path(__file__).with_name("trial.sh")
_VISIT = "/usr/lib/nodebake/visit"
# On the system that the card holds: it boots that from now on, and what was brought goes.
OWN = """\
set -e
cd /boot/firmware
if grep -q '^os_prefix=nodebake-flasher/\\|^cmdline=nodebake-trial' config.txt; then
    own=config.txt.own
    [ -s $own ] || own=config.txt.former
    cp $own config.txt.new
    sync
    mv config.txt.new config.txt
    sync
fi
rm -rf config.txt.own config.txt.former config.txt.kept config.txt.next config.txt.visit nodebake-flasher
find . -name nodebake-trial.txt -delete
sync
"""
# Whether it is tried, and its card boots the flasher `$1` the next time.
TURNED = """\
cd /boot/firmware
[ -s config.txt.own ] && grep -q '^os_prefix=nodebake-flasher/' config.txt &&
    grep -qsw -- "nodebake.release=$1" nodebake-flasher/*/cmdline.txt
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
        if (await self._script(node, TURNED, self.plan.flasher)).code:
            text = _ENTER.read_text(encoding="utf-8")
            words = self.visit.words
            entered = await self.field.bring(node, self.visit.tar, text, *words, seconds=SEND_SECONDS)
            _well(entered, f"{node} does not take the flasher")
        await self.starting.into(node, self.plan.flasher)

    async def flash(self, node: str, release: str) -> str:
        _well(await self._trial(node, "keep"), f"{node} does not keep its flasher")
        _well(await self._script(node, f"{_VISIT} stay\n"), f"{node} would not boot its flasher again")
        return await self.field.flash(node, release)

    async def try_it(self, node: str, release: str) -> None:
        runs = await self.field.release_of(node)
        if runs == release:
            return
        if runs == self.plan.flasher:
            _well(await self._trial(node, "try", release, str(TRIAL)), f"{node} cannot try {release}")
        await self.starting.into(node, release)

    async def arrive(self, node: str, release: str) -> None:
        _well(await self._script(node, OWN), f"{node}'s card cannot be made to boot {release}")
        await self.starting.into(node, release)
        if not await self.starting.by_itself(node):
            raise NodeFailed(f"{node} does not boot {release} to stay", hint=IN_A_READER)

    async def restore(self, node: str) -> None:
        former, runs = self.plan.former.get(node, ""), await self.field.release_of(node)
        if not runs:
            try:
                runs = await self.starting.again(node)
            except NodeFailed as error:
                facts = [
                    "if it is in the flasher, it boots what it ran before within the hour",
                    error.message,
                ]
                raise NodeFailed(f"{node} does not answer", facts=facts, hint=IN_A_READER) from error
        if former and runs == former:
            _well(await self._script(node, OWN), f"{node}'s card goes on booting the flasher")
            return
        if former and runs == self.plan.flasher:
            back = await self._script(node, f"{_VISIT} back {shlex.quote(former)}\n")
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

    async def _trial(self, node: str, *words: str) -> Ended:
        return await self._script(node, TRIAL_SCRIPT.read_text(encoding="utf-8"), *words)

    async def _script(self, node: str, text: str, *words: str) -> Ended:
        """As root on the node; `$1` and on are `words`."""
        given = f"set -- {shlex.join(words)}\n" if words else ""
        return await self.field.script(node, given + text, seconds=CHECK_SECONDS)


def _well(ended: Ended, what: str) -> None:
    """Raises NodeFailed of a script that failed, with the last line that it told."""
    if ended.code:
        why = next(reversed(ended.stderr.strip().splitlines()), f"it ended with {ended.code}")
        raise NodeFailed(f"{what}: {why}", hint=IN_A_READER)
