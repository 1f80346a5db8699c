# SPDX-License-Identifier: Apache-2.0
"""The report for machines: one JSON object a line on stderr, told apart by `event`.

{"event": "say", "text"}                         {"event": "warning", "text", "hint"}
{"event": "step-started", "index", "total", "label"}
{"event": "step-done", "index", "total", "label", "seconds", "cached", "detail"}
{"event": "bytes", "label", "done", "total"}     at most ten a second, and one at the end
{"event": "error", "message", "facts", "hint", "place", "exit"}
{"event": "traceback", "text"}
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from builder.errors import NodebakeError, Problems
from builder.report.answer import Answer

if TYPE_CHECKING:
    from builder.report.report import Bar

_INTERVAL = 0.1


class EventReport:
    """Speaks to a program."""

    def __init__(self, out: TextIO, err: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._answer = Answer(out)
        self._err = err
        self._clock = clock

    def say(self, text: str) -> None:
        self._event("say", text=text)

    def step_started(self, index: int, total: int, label: str) -> None:
        self._event("step-started", index=index, total=total, label=label)

    def step_done(
        self, index: int, total: int, label: str, *, seconds: float, cached: bool, detail: str = ""
    ) -> None:
        self._event(
            "step-done",
            index=index,
            total=total,
            label=label,
            seconds=round(seconds, 3),
            cached=cached,
            detail=detail,
        )

    @contextmanager
    def bytes_bar(self, label: str, total: int) -> Iterator[Bar]:
        bar = _EventBar(lambda done: self._event("bytes", label=label, done=done, total=total), self._clock)
        try:
            yield bar
        finally:
            bar.tell()

    def warn(self, text: str, hint: str | None = None) -> None:
        self._event("warning", text=text, hint=hint)

    def error(self, error: NodebakeError) -> None:
        for one in error.problems if isinstance(error, Problems) else (error,):
            place = (
                {"file": one.place.file, "line": one.place.line, "column": one.place.column}
                if one.place
                else None
            )
            self._event(
                "error", message=one.message, facts=one.facts, hint=one.hint, place=place, exit=int(one.exit)
            )

    def traceback(self, error: BaseException) -> None:
        self._event("traceback", text="".join(traceback.format_exception(error)))

    def data(self, text: str) -> None:
        self._answer.data(text)

    def json(self, value: object) -> None:
        self._answer.json(value)

    def _event(self, event: str, **fields: object) -> None:
        self._err.write(json.dumps({"event": event, **fields}) + "\n")
        self._err.flush()


class _EventBar:
    def __init__(self, tell: Callable[[int], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._done = 0
        self._told_at = clock()

    def advance(self, count: int) -> None:
        self._done += count
        if self._clock() - self._told_at >= _INTERVAL:
            self.tell()

    def tell(self) -> None:
        self._told_at = self._clock()
        self._tell(self._done)
