# SPDX-License-Identifier: Apache-2.0
"""How outcomes of many nodes are told, and which exit code they come to."""

from __future__ import annotations

from collections.abc import Sequence

from builder.errors import Exit
from builder.fleet.fold import failure
from builder.fleet.order import Outcome
from builder.report.report import Report


def ending(outcomes: Sequence[Outcome], report: Report, *, shown: bool = True) -> Exit:
    """Done when all went well; else the error says how many did not, and why, outputs too if not `shown`."""
    error = failure(outcomes, shown=shown)
    if error is None:
        return Exit.DONE
    report.error(error)
    return error.exit
