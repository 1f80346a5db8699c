# SPDX-License-Identifier: Apache-2.0
"""The program that `nodebake deploy` runs on a node: `flash.pyz ORDER`, or `-` for an order on stdin.

It answers on stdout, a JSON object a line: `progress`, at most two a second, then `receipt` or `error`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.errors import Exit, NodebakeError, RecipeError
from builder.flash.agent import order, receipt
from builder.flash.agent.work import carry_out

_OFTEN = 0.5


def main(argv: Sequence[str]) -> int:
    """Carry out an order; the exit code."""
    try:
        done = carry_out(order.parse(_given(argv)), _Telling())
    except NodebakeError as error:
        return _failed(error)
    except BrokenPipeError:
        raise  # nobody is left to be told
    except Exception as error:
        # Whoever waits for us knows nothing else of what became of the card.
        return _failed(_unforeseen(error))
    try:
        _say({"event": "receipt", **receipt.told(done)})
    except BrokenPipeError:
        # It is done all the same. What Python still has to say at its end goes nowhere, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.DONE)


def _failed(error: NodebakeError) -> int:
    told = {"message": error.message, "facts": list(error.facts), "hint": error.hint}
    _say({"event": "error", **told, "exit": int(error.exit)})
    return int(error.exit)


def _unforeseen(error: Exception) -> NodebakeError:
    where = [line.strip() for line in traceback.format_tb(error.__traceback__)[-1].splitlines()]
    return NodebakeError(
        f"the flasher ended where it should not: {type(error).__name__}",
        facts=[str(error), *where],
        hint="flash again: it goes on where this ended; the second time it is a bug in nodebake",
    )


class _Telling:
    """Tells of progress, but not of each step."""

    def __init__(self) -> None:
        self._phase, self._last = "", 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase != self._phase or done >= total or now - self._last >= _OFTEN:
            self._phase, self._last = phase, now
            _say({"event": "progress", "phase": phase, "done": done, "total": total})


def _given(argv: Sequence[str]) -> bytes:
    if len(argv) != 1:
        raise RecipeError("an order is wanted", hint="flash.pyz ORDER, or - for one on stdin")
    try:
        return sys.stdin.buffer.read() if argv[0] == "-" else Path(argv[0]).read_bytes()
    except OSError as error:
        raise RecipeError(f"`{argv[0]}` cannot be read", facts=[error.strerror or str(error)]) from error


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)
