# SPDX-License-Identifier: Apache-2.0
"""What anything in nodebake can say; how it sounds is decided once, in `choose`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from builder.errors import NodebakeError


class Bar(Protocol):
    """A count of bytes that are on their way."""

    def advance(self, count: int) -> None:
        """`count` more bytes have arrived."""


class Report(Protocol):
    """The one voice. Seconds are wall seconds; indices count from 1."""

    def say(self, text: str) -> None:
        """Tell the user something, as a line on stderr."""

    def step_started(self, index: int, total: int, label: str) -> None:
        """A step begins."""

    def step_done(
        self, index: int, total: int, label: str, *, seconds: float, cached: bool, detail: str = ""
    ) -> None:
        """A step is over, or did not need to run. `detail` is a few words, like `168 packages`."""

    def bytes_bar(self, label: str, total: int) -> AbstractContextManager[Bar]:
        """Show bytes arriving, for the time of a `with`."""

    def warn(self, text: str, hint: str | None = None) -> None:
        """Something is odd but not wrong."""

    def error(self, error: NodebakeError) -> None:
        """Something went wrong."""

    def traceback(self, error: BaseException) -> None:
        """Where in nodebake it went wrong; only asked for with --debug."""

    def data(self, text: str) -> None:
        """Lines of the answer, on stdout."""

    def json(self, value: object) -> None:
        """The answer as one JSON object, on stdout."""
