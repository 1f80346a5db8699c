# SPDX-License-Identifier: Apache-2.0
"""Pieces from other nodes and from the head, in whatever order they are to be had, and handed on to others.

The head tells of each piece from whom it is to come. Who hands out wrong bytes, or none, or takes too long is
avoided for a while; when the head tells nothing, it is asked for the pieces themselves.
"""

from __future__ import annotations

import http.client
import time
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread

from builder.errors import NodebakeError
from builder.flash.agent import tracker
from builder.flash.agent.blocks import Blocks
from builder.flash.agent.compare import Run
from builder.flash.agent.hand_on import HandingOn, Stock
from builder.flash.agent.pieces import Part, parts, run_of
from builder.flash.agent.source import Web, unpacked
from builder.flash.agent.supply import Data
from builder.flash.agent.tracker import HEAD, Question, Tracker

AT_ONCE = 4
"""Pieces that are on their way, or have come and are not written yet."""
_WINDOW = 32
"""Pieces that are wanted at a time: nodes that begin together exchange these."""
_FEW_WEIGH = 4
"""As much of that as a piece of which little is wanted: what came of it waits in memory."""
_AVOID = 20.0
_SOON, _OFTEN = 0.3, 1.5
"""Seconds after which the head hears from us when there is something new here, or nothing."""
_ALONE = 0.1
"""Seconds until a node that is told nothing looks whether it may take its next piece from the head."""
_OF_OTHERS = (OSError, http.client.HTTPException, NodebakeError)
"""What may come of another node's doing."""


class Swarming:
    """A supply from the nodes that take the same image. Threads share what stands below `_change`."""

    def __init__(self, url: str, blocks: Blocks, device: str) -> None:
        self._url, self._blocks = url, blocks
        self._stock = Stock(blocks, device)
        self._tracker = Tracker(url)
        self._handing_on = HandingOn(self._stock, self._tracker.own_address)
        self._change = Condition()
        self._wanted: dict[int, Part] = {}
        self._taking: set[int] = set()
        self._come: deque[tuple[Part, list[memoryview] | None] | Exception] = deque()
        self._has = 0
        self._weight = 0
        self._avoids: dict[str, float] = {}
        self._told = 0
        self._over = False
        self.moved = self.from_nodes = 0
        self._fetching = ThreadPoolExecutor(AT_ONCE)
        # The source is one connection.
        self._fetching_few = ThreadPoolExecutor(1)
        self._asking = Thread(target=self._ask, name="asking", daemon=True)
        self._asking.start()

    @property
    def to_nodes(self) -> int:
        return self._handing_on.sent

    def want(self, group: Run, runs: Sequence[Run]) -> None:
        for part in parts(group, runs, self._blocks.wanted):
            with self._change:
                if part.runs:
                    self._want(part)
                elif part.content:
                    self._has |= 1 << part.piece

    def _want(self, part: Part) -> None:
        self._weight += _weight(part)
        if part.whole:
            self._wanted[part.piece] = part
        elif part.differ:
            self._fetching_few.submit(self._take_few, part)
        else:
            self._come.append((part, None))
        self._change.notify_all()

    def come(self, *, last: bool = False) -> Iterator[tuple[Run, Data]]:
        while True:
            with self._change:
                while not self._come and self._weight >= (1 if last else _WINDOW):
                    self._change.wait()
                if not self._come:
                    return
                first = self._come.popleft()
            if isinstance(first, Exception):
                raise first
            part, found = first
            for number, run in enumerate(part.runs):
                # Zeros are made only now: they would take memory until then.
                yield run, found[number] if found else self._blocks.fetch(run)
            with self._change:
                self._weight -= _weight(part)
                self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._over = True
            self._change.notify_all()
        for pool in (self._fetching, self._fetching_few):
            pool.shutdown(wait=False, cancel_futures=True)
        self._asking.join()
        self._answer(Question(self._handing_on.port, leaves=True))
        self._handing_on.close()
        self._tracker.close()

    def _ask(self) -> None:
        try:
            while self._asked_once():
                pass
        except Exception as error:
            self._failed(error)

    def _asked_once(self) -> bool:
        """Ask the head whom to take what from, once there is something to ask or tell; False at the end."""
        with self._change:
            news = _SOON if self._has != self._told else _OFTEN
            self._change.wait_for(lambda: self._over or self._may_take(), news)
            if self._over:
                return False
            question = self._question()
            self._told = self._has
        piece, source, wait = self._answer(question)
        with self._change:
            part = self._wanted.pop(piece, None)
            if part:
                self._taking.add(piece)
                self._fetching.submit(self._take, part, source)
            elif question.wants:
                self._change.wait_for(lambda: self._over, wait)
        return True

    def _may_take(self) -> bool:
        waiting = sum(1 for each in self._come if not isinstance(each, Exception) and each[1])
        return bool(self._wanted) and len(self._taking) + waiting < AT_ONCE

    def _question(self) -> Question:
        now = time.monotonic()
        self._avoids = {url: until for url, until in self._avoids.items() if until > now}
        wants = sum(1 << piece for piece in self._wanted) if self._may_take() else 0
        taking = sum(1 << piece for piece in self._taking)
        return Question(self._handing_on.port, self._has, wants, taking, tuple(self._avoids))

    def _answer(self, question: Question) -> tuple[int, str, float]:
        """Piece, source, and how long to wait without one."""
        try:
            return self._tracker.ask(question)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            # It tells nothing, but may have what is wanted, or come back; one at a time, for all of us ask.
            self._tracker.close()
            if question.taking or not question.wants:
                return -1, HEAD, _ALONE
            return (question.wants & -question.wants).bit_length() - 1, HEAD, 0.0

    def _take(self, part: Part, source: str) -> None:
        """Bring a piece here, and keep it for others."""
        run = run_of(part.piece, len(self._blocks.wanted.index))
        try:
            data, packed = (
                self._from_head(run) if source == HEAD else self._from_node(source, part.piece, run)
            )
            own = memoryview(self._blocks.own(run, data))
        except Exception as error:
            if source == HEAD or not isinstance(error, _OF_OTHERS):
                self._failed(error)
            else:
                self._avoid(part, source)
            return
        self._stock.keep(part.piece, packed or zlib.compress(data, 1))
        starts = [each.start - run.start for each in part.runs]
        found = [
            own[start : start + self._blocks.size(each)]
            for start, each in zip(starts, part.runs, strict=True)
        ]
        with self._change:
            self.moved += len(packed or data)
            self.from_nodes += len(packed) if source != HEAD else 0
            self._taking.discard(part.piece)
            self._has |= 1 << part.piece
            self._come.append((part, found))
            self._change.notify_all()

    def _from_head(self, run: Run) -> tuple[bytes, bytes]:
        web = Web(self._url)
        try:
            return web.piece(self._blocks.image, run.start, self._blocks.size(run))
        finally:
            web.close()

    def _from_node(self, source: str, piece: int, run: Run) -> tuple[bytes, bytes]:
        packed = tracker.piece(source, piece)
        return unpacked(packed, self._blocks.size(run)), packed

    def _avoid(self, part: Part, source: str) -> None:
        """Take it from somebody else."""
        with self._change:
            self._taking.discard(part.piece)
            self._wanted[part.piece] = part
            self._avoids[source] = time.monotonic() + _AVOID
            self._change.notify_all()

    def _take_few(self, part: Part) -> None:
        """Blocks here and there, from the head."""
        try:
            found = [memoryview(self._blocks.fetch(run)) for run in part.runs]
        except Exception as error:
            self._failed(error)
            return
        with self._change:
            self._come.append((part, found))
            self._change.notify_all()

    def _failed(self, error: Exception) -> None:
        """Whoever writes the card is to raise it."""
        with self._change:
            self._come.append(error)
            self._change.notify_all()


def _weight(part: Part) -> int:
    return 1 if part.whole else _FEW_WEIGH
