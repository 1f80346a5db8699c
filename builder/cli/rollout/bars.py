# SPDX-License-Identifier: Apache-2.0
"""How far the cards are that are being written: a bar a node, and one for all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from builder.report.report import Bar, Report

_WORDS = {"compare": "writing", "verify": "reading back"}
_COUNTED, _ALL = "compare", "all cards"


@dataclass
class _Moving:
    """A bar of one phase of one node."""

    phase: str
    bar: Bar
    undo: ExitStack
    done: int = 0

    def to(self, done: int) -> int:
        """Move it; by how many bytes. A node that begins anew moves nothing back."""
        step = max(0, done - self.done)
        self.done += step
        self.bar.advance(step)
        return step


@dataclass
class Bars:
    """Told of progress by `Site`; a node has a bar as long as a phase of its flash lasts.

    Of the bytes that are written there is one for all `nodes`, from the first of them on.
    """

    report: Report
    nodes: int
    _moving: dict[str, _Moving] = field(default_factory=dict)
    _all: Bar | None = None
    _undo: ExitStack = field(default_factory=ExitStack)

    def __call__(self, node: str, phase: str, done: int, total: int) -> None:
        moving = self._moving.get(node)
        if moving is None or moving.phase != phase:
            self._end(node)
            if phase not in _WORDS:
                return
            undo = ExitStack()
            bar = undo.enter_context(self.report.bytes_bar(f"{node} {_WORDS[phase]}", total))
            moving = self._moving[node] = _Moving(phase, bar, undo)
        step = moving.to(done)
        if phase == _COUNTED:
            if self._all is None:
                self._all = self._undo.enter_context(self.report.bytes_bar(_ALL, total * self.nodes))
            self._all.advance(step)
        if done >= total:
            self._end(node)

    def _end(self, node: str) -> None:
        moving = self._moving.pop(node, None)
        if moving:
            moving.undo.close()

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        for node in tuple(self._moving):
            self._end(node)
        self._undo.close()
