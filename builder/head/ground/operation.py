# SPDX-License-Identifier: Apache-2.0
"""What changes the head, as values that describe themselves: a dry run tells them, a run does them.

Each may be run again after a kill at any instant, and then does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Operation(Protocol):
    """One step of a verb."""

    def describe(self) -> str:
        """What it does, in one line that begins with a verb."""

    def run(self) -> None:
        """Do it. Raises NodebakeError."""


def carry_out(operations: Sequence[Operation], tell: Callable[[str], None], *, dry: bool) -> None:
    """Tell each operation, and do it unless `dry`."""
    for operation in operations:
        tell(operation.describe())
        if not dry:
            operation.run()
