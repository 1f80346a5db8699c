# SPDX-License-Identifier: Apache-2.0
"""A release onto a card, in an order that survives a loss of power at any moment.

The first 4 KiB, which hold the partition table, are made zeros before anything else is touched, and come
back when all else has been read back. So a card is whole or does not boot at all, and a node whose card does
not boot asks the network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from builder.errors import NodebakeError, RefusedError
from builder.flash.agent import label
from builder.flash.agent.card import HEAD
from builder.flash.agent.compare import Comparing, Run
from builder.flash.agent.direct import GROUP, UNIT, Device
from builder.flash.agent.label import Label
from builder.flash.agent.source import Source
from builder.flash.agent.wanted import Wanted
from builder.release.index import BLOCK_SIZE

Tell = Callable[[str, int, int], None]
"""Told of progress: the phase, `compare`, `verify` or `finish`, bytes done, and bytes in all."""
_AHEAD = 2
"""Runs of blocks that are fetched while the card is busy with others."""
_HEAD_BLOCKS = HEAD // BLOCK_SIZE
_TABLE = Run(0, 1)


@dataclass
class Flash:
    """`image` is the name of the image at the source; `begun` what the card says while it is written."""

    device: Device
    source: Source
    image: str
    wanted: Wanted
    begun: Label
    tell: Tell
    compared: int = field(default=0, init=False)
    _boots: bool = field(default=True, init=False)
    _written: list[Run] = field(default_factory=list, init=False)

    def run(self) -> bool:
        """Bring the card there; whether anything had to be written. Raises NodebakeError, RefusedError."""
        self._body()
        self._read_back(self._written)
        return self._head()

    def _body(self) -> None:
        """Compare all behind the first MiB, and write what differs."""
        whole = self.wanted.index.image_size
        comparing = Comparing(self.device, self.wanted)
        pending: deque[tuple[Run, Future[bytes]]] = deque()
        with ThreadPoolExecutor(1) as fetching:
            try:
                for group in _groups(_HEAD_BLOCKS, len(self.wanted.index)):
                    for run in comparing.differing(group):
                        pending.append((run, fetching.submit(self._fetch, run)))
                        if len(pending) > _AHEAD:
                            self._write(*pending.popleft())
                    self.tell("compare", group.start + group.size(whole), whole)
                while pending:
                    self._write(*pending.popleft())
            finally:
                fetching.shutdown(cancel_futures=True)
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
            data = self._fetch(run)
            self._take_boot_away()
            self.device.write(run.start, data)
        data = self._fetch(_TABLE)
        self._take_boot_away()
        self.device.write(UNIT, data[UNIT:])
        self._read_back(others)
        self.device.write(0, data[:UNIT])
        self._read_back([_TABLE])
        self.tell("finish", HEAD, HEAD)
        return True

    def _fetch(self, run: Run) -> bytes:
        """The blocks of a run as they are to be on the card, each checked; zeros need not be fetched."""
        whole, found = self.wanted.index.image_size, []
        for part in _parts(run, self.wanted):
            if self.wanted.is_zero(part.first):
                data = bytes(part.size(whole))
            else:
                data = self.source.read(self.image, part.start, part.size(whole))
            for block, piece in part.pieces(memoryview(data)):
                if not self.wanted.is_image(block, piece):
                    raise RefusedError(
                        f"block {block} of `{self.image}` is not what the release's index says",
                        facts=["whoever serves the release has other bytes than were signed"],
                        hint="publish the release again, and flash again; until then the card does not boot",
                    )
                found.append(self.wanted.own(block, bytes(piece)))
        return b"".join(found)

    def _write(self, run: Run, fetched: Future[bytes]) -> None:
        data = fetched.result()
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


def _groups(first: int, end: int) -> Iterator[Run]:
    """The blocks from `first` to before `end`, as many at once as a group has."""
    for start in range(first, end, GROUP // BLOCK_SIZE):
        yield Run(start, min(GROUP // BLOCK_SIZE, end - start))


def _parts(run: Run, wanted: Wanted) -> Iterator[Run]:
    """A run, divided into what is all zeros and what is not."""
    first, end = run.first, run.first + run.count
    for block in range(first + 1, end + 1):
        if block == end or wanted.is_zero(block) != wanted.is_zero(first):
            yield Run(first, block - first)
            first = block
