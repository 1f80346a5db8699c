#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`testall.py`: the power of every node off and on again, with a look at the state after each.

A node ends as it was found; one of unknown state ends off. This cuts the power of nodes that run.
"""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client import program
    from builder.head.client.bladerunner import ControlPlane, ControlPlaneError, Unreachable
else:
    import program
    from bladerunner import ControlPlane, ControlPlaneError, Unreachable


async def test(arguments: Namespace, plane: ControlPlane) -> int:
    """Every node in order; ends with how many passed."""
    numbers = program.in_order(arguments.first, arguments.last)
    failed, spared = [], 0
    for number in numbers:
        try:
            if arguments.spare_running and await runs(plane, number):
                spared += 1
                continue
            await cycle(plane, number, arguments.settle)
            program.answer(f"node {number}: passed")
        except Unreachable:
            raise
        except ControlPlaneError as error:
            failed.append(number)
            program.answer(f"node {number}: failed: {error}")
    tested = len(numbers) - spared
    program.answer(f"{tested - len(failed)} of {tested} passed")
    return program.FAILED if failed else program.DONE


async def runs(plane: ControlPlane, number: int) -> bool:
    """Whether a node is on, or may be, and is left alone. Raises ControlPlaneError."""
    state = (await plane.states(number)).get(number)
    if state is not False:
        program.answer(f"node {number}: is {program.on_off(state)}, left alone")
    return state is not False


async def cycle(plane: ControlPlane, number: int, settle: float) -> None:
    """One node: on when it was off or off when it was on, and back. Raises ControlPlaneError."""
    was_on = (await plane.states(number)).get(number, False)
    try:
        await switch(plane, number, not was_on, settle)
    finally:
        await switch(plane, number, was_on, settle)


async def switch(plane: ControlPlane, number: int, on: bool, settle: float) -> None:
    """Switch, and look whether it is so."""
    await plane.power(number, on)
    await asyncio.sleep(settle)
    state = (await plane.states(number)).get(number)
    if state is not on:
        raise ControlPlaneError(f"switched {program.on_off(on)}, and its state is {program.on_off(state)}")


if __name__ == "__main__":
    made = program.parser("testall.py", "Cycle the power of every node as a self-test.", "testall.py")
    program.add_range(made)
    made.add_argument(
        "--settle",
        type=program.seconds,
        metavar="SECONDS",
        default="0.5",
        help="time between a switch and the look at the state (%(default)s)",
    )
    made.add_argument("--spare-running", action="store_true", help="leave nodes alone that are or may be on")
    sys.exit(program.run(made, test))
