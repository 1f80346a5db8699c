#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`activetest.py`: ask for each node by itself, and time the reply. Changes nothing."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client import program
    from builder.head.client.bladerunner import ControlPlane, ControlPlaneError, Unreachable
else:
    import program
    from bladerunner import ControlPlane, ControlPlaneError, Unreachable


async def test(arguments: Namespace, plane: ControlPlane) -> int:
    """A line a node with its state and how long the reply took."""
    numbers = program.in_order(arguments.first, arguments.last)
    silent = []
    for number in numbers:
        began = time.monotonic()
        try:
            state = (await plane.states(number)).get(number)
            took = f"{(time.monotonic() - began) * 1000:.0f} ms"
            said = f"{program.on_off(state)}, {took}"
        except Unreachable:
            raise
        except ControlPlaneError as error:
            state, said = None, str(error)
        if state is None:
            silent.append(number)
        program.answer(f"node {number}: {said}")
    program.answer(f"{len(numbers) - len(silent)} of {len(numbers)} answer")
    return program.FAILED if silent else program.DONE


if __name__ == "__main__":
    made = program.parser("activetest.py", "Ask for each node by itself.", "activetest.py")
    program.add_range(made)
    sys.exit(program.run(made, test))
