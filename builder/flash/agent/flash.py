# SPDX-License-Identifier: Apache-2.0
"""A release onto a card, in an order that survives a loss of power at any moment.

The first 4 KiB, which hold the partition table, are made zeros before anything else is touched, and come
back when all else has been read back. So a card is whole or does not boot at all, and a node whose card does
not boot asks the network. `boot_last` has the order for a board that cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from builder.errors import NodebakeError
from builder.flash.agent import label
from builder.flash.agent.blocks import Blocks
from builder.flash.agent.card import HEAD
from builder.flash.agent.compare import Comparing, Run
from builder.flash.agent.direct import GROUP, UNIT, Device
from builder.flash.agent.label import Label
from builder.flash.agent.supply import Data, Supply
from builder.flash.agent.wanted import Wanted
from builder.release.index import BLOCK_SIZE

Tell = Callable[[str, int, int], None]
"""Told of progress: the phase, `compare`, `verify` or `finish`, bytes done, and bytes in all."""
_HEAD_BLOCKS = HEAD // BLOCK_SIZE
TABLE = Run(0, 1)


@dataclass
class Flash:
    """`begun` is what the card says while it is written."""

    device: Device
    blocks: Blocks
    supply: Supply
    begun: Label
    tell: Tell
    compared: int = field(default=0, init=False)
    _boots: bool = field(default=True, init=False)
    _written: list[Run] = field(default_factory=list, init=False)

    @property
    def wanted(self) -> Wanted:
        return self.blocks.wanted

    def run(self) -> bool:
        """Bring the card there; whether anything had to be written. Raises NodebakeError, RefusedError."""
        self._body(_HEAD_BLOCKS)
        self._read_back(self._written)
        return self._head()

    def _body(self, first: int) -> None:
        """Compare all from block `first` on, and write what differs."""
        whole = self.wanted.index.image_size
        comparing = Comparing(self.device, self.wanted)
        for group in groups(first, len(self.wanted.index)):
            self.supply.want(group, comparing.differing(group))
            self._write(self.supply.come())
            self.tell("compare", group.start + group.size(whole), whole)
        self._write(self.supply.come(last=True))
        self.compared += comparing.compared

    def _head(self) -> bool:
        """The first MiB, last; whether the card has changed at all."""
        comparing = Comparing(self.device, self.wanted)
        differing = comparing.differing(Run(0, min(_HEAD_BLOCKS, len(self.wanted.index))))
        self.compared += comparing.compared
        if not differing:
            return False
        others = [Run(block, 1) for run in differing for block in run.blocks if block]
        for run in others:
            data = self.blocks.fetch(run)
            self._take_boot_away()
            self.device.write(run.start, data)
        data = self.blocks.fetch(TABLE)
        self._take_boot_away()
        self.device.write(UNIT, data[UNIT:])
        self._read_back(others)
        self.device.write(0, data[:UNIT])
        self._read_back([TABLE])
        self.tell("finish", HEAD, HEAD)
        return True

    def _write(self, come: Iterable[tuple[Run, Data]]) -> None:
        for run, data in come:
            self._take_boot_away()
            self.device.write(run.start, data)
            self._written.append(run)

    def _take_boot_away(self) -> None:
        """Before the first write: from here on the card does not boot, and says why."""
        if not self._boots:
            return
        # The label first: once the table is gone it alone tells where docker's partition lies.
        self.device.write(label.START, label.dump(self.begun))
        self.device.settle()
        self.device.write(0, bytes(UNIT))
        self.device.settle()
        self._boots = False

    def _read_back(self, runs: Sequence[Run]) -> None:
        """Whether the card gives back what was written to it. Raises NodebakeError."""
        self.device.settle()
        whole = self.wanted.index.image_size
        total, done = sum(run.size(whole) for run in runs), 0
        for run in runs:
            view = self.device.read(run.start, run.size(whole))
            wrong = [block for block, piece in run.pieces(view) if not self.wanted.fits(block, piece)]
            if wrong:
                raise NodebakeError(
                    f"`{self.device.path}` does not give back what was written to it",
                    facts=[f"{len(wrong)} blocks of {len(run.blocks)} from byte {run.start} on are others"],
                    hint="the card is failing, or smaller than it says: take another one",
                )
            done += run.size(whole)
            self.tell("verify", done, total)


def groups(first: int, end: int) -> Iterator[Run]:
    """The blocks from `first` to before `end`, as many at once as a group has."""
    for start in range(first, end, GROUP // BLOCK_SIZE):
        yield Run(start, min(GROUP // BLOCK_SIZE, end - start))
