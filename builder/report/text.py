# SPDX-License-Identifier: Apache-2.0
"""The report for people: lines on stderr, and in-place progress where stderr is a terminal."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never, TextIO

from builder.report import units
from builder.report.answer import Answer
from builder.report.paint import Paint, harmless

if TYPE_CHECKING:
    from tqdm import tqdm

    from builder.errors import NodebakeError
    from builder.report.report import Bar

_ERASE_LINE = "\r\x1b[K"


class TextReport:
    """Speaks to a person. `terminal` allows control codes, `colour` allows colours."""

    def __init__(self, out: TextIO, err: TextIO, *, terminal: bool, colour: bool) -> None:
        self._answer = Answer(out)
        self._err = err
        self._terminal = terminal
        self._paint = Paint(colour)
        self._pending = ""
        self._bars = 0

    def say(self, text: str) -> None:
        self._line(self._paint(text))

    def step_started(self, index: int, total: int, label: str) -> None:
        if self._terminal:
            self._pending = f"{_counter(index, total)} {harmless(label)} …"
            self._err.write(_ERASE_LINE + self._pending)
            self._err.flush()

    def step_done(
        self, index: int, total: int, label: str, *, seconds: float, cached: bool, detail: str = ""
    ) -> None:
        self._pending = ""
        ending = "cached" if cached else f"… {units.seconds(seconds)}"
        words = "  ".join(part for part in (label, detail) if part)
        self._line(harmless(f"{_counter(index, total)} {words} {ending}"))

    @contextmanager
    def bytes_bar(self, label: str, total: int) -> Iterator[Bar]:
        if not self._terminal:
            # Off a terminal a bar is noise; the step's own line says what it took.
            yield _NoBar()
            return
        from tqdm import tqdm

        self._err.write(_ERASE_LINE)
        self._bars += 1
        with tqdm(
            total=total,
            desc=label,
            file=self._err,
            unit="B",
            unit_scale=True,
            leave=False,
            dynamic_ncols=True,
        ) as bar:
            try:
                yield _TqdmBar(bar)
            finally:
                self._bars -= 1
        self._err.write(self._pending)
        self._err.flush()

    def warn(self, text: str, hint: str | None = None) -> None:
        self._line(self._paint(f"warning: {text}" + (f"\nhint: {hint}" if hint else "")))

    def error(self, error: NodebakeError) -> None:
        self._pending = ""
        self._line(self._paint(error.render()))

    def traceback(self, error: BaseException) -> None:
        self._line(harmless("".join(traceback.format_exception(error)).rstrip()))

    def data(self, text: str) -> None:
        self._answer.data(text)

    def json(self, value: object) -> None:
        self._answer.json(value)

    def _line(self, text: str) -> None:
        if self._bars:
            # Several bars stand below each other: they make room for the line, and come back under it.
            from tqdm import tqdm

            tqdm.write(text, file=self._err)
            return
        erase = _ERASE_LINE if self._terminal else ""
        self._err.write(f"{erase}{text}\n{self._pending}")
        self._err.flush()


class _NoBar:
    def advance(self, count: int) -> None:
        pass


class _TqdmBar:
    def __init__(self, bar: tqdm[Never]) -> None:
        self._bar = bar

    def advance(self, count: int) -> None:
        self._bar.update(count)


def _counter(index: int, total: int) -> str:
    width = len(str(total))
    return f"[{index:>{width}}/{total}]"
