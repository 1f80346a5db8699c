# SPDX-License-Identifier: Apache-2.0
"""A report that nobody hears, and that remembers what was said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.errors import NodebakeError
    from builder.report.report import Bar


@dataclass
class SilentReport:
    """For tests, and for work whose progress is nobody's concern. `bars`: label → bytes that came."""

    said: list[str] = field(default_factory=list)
    steps: list[tuple[str, bool]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[NodebakeError] = field(default_factory=list)
    tracebacks: list[BaseException] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    objects: list[object] = field(default_factory=list)
    bars: dict[str, int] = field(default_factory=dict)

    def say(self, text: str) -> None:
        self.said.append(text)

    def step_started(self, index: int, total: int, label: str) -> None:
        pass

    def step_done(
        self, index: int, total: int, label: str, *, seconds: float, cached: bool, detail: str = ""
    ) -> None:
        self.steps.append((label, cached))

    @contextmanager
    def bytes_bar(self, label: str, total: int) -> Iterator[Bar]:
        self.bars[label] = 0
        yield _CountingBar(self.bars, label)

    def warn(self, text: str, hint: str | None = None) -> None:
        self.warnings.append(text)

    def error(self, error: NodebakeError) -> None:
        self.errors.append(error)

    def traceback(self, error: BaseException) -> None:
        self.tracebacks.append(error)

    def data(self, text: str) -> None:
        self.answers.append(text)

    def json(self, value: object) -> None:
        self.objects.append(value)


@dataclass(frozen=True)
class _CountingBar:
    bars: dict[str, int]
    label: str

    def advance(self, count: int) -> None:
        self.bars[self.label] += count
