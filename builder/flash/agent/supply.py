# SPDX-License-Identifier: Apache-2.0
"""How the blocks that a card lacks come to it, while it is compared and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from builder.flash.agent.blocks import Blocks
from builder.flash.agent.compare import Run

Data = bytes | memoryview
_AHEAD = 2
"""Runs that are fetched while the card is busy with others."""


class Supply(Protocol):
    """Fetches what is wanted in the background."""

    @property
    def moved(self) -> int:
        """Bytes that came by another way than the source, so far."""

    @property
    def from_nodes(self) -> int:
        """How many of them came from other nodes."""

    @property
    def to_nodes(self) -> int:
        """Bytes that other nodes got from here."""

    def want(self, group: Run, runs: Sequence[Run]) -> None:
        """Of a group that was compared, these runs are wanted; the rest of it fits."""

    def come(self, *, last: bool = False) -> Iterator[tuple[Run, Data]]:
        """What has come; at the `last`, all that is still to come. Raises NodebakeError.

        It waits while more is on its way than should be. What was yielded has been written by the time that
        the next one is asked for.
        """

    def close(self) -> None:
        """Fetch no more."""


class InOrder:
    """One run after another, from the source."""

    moved = from_nodes = to_nodes = 0

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._fetching = ThreadPoolExecutor(1)
        self._pending: deque[tuple[Run, Future[bytes]]] = deque()

    def want(self, group: Run, runs: Sequence[Run]) -> None:
        for run in runs:
            self._pending.append((run, self._fetching.submit(self._blocks.fetch, run)))

    def come(self, *, last: bool = False) -> Iterator[tuple[Run, bytes]]:
        while len(self._pending) > (0 if last else _AHEAD):
            run, fetched = self._pending.popleft()
            yield run, fetched.result()

    def close(self) -> None:
        self._fetching.shutdown(cancel_futures=True)
