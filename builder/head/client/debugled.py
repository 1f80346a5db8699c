#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`debugled.py`: light the bay LEDs through the control plane.

Without a state each LED is lit for a moment, one bay after another: look whether they follow each other.
A running node drives its own LED by GPIO 21, whatever this does.
"""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client import program
    from builder.head.client.bladerunner import ControlPlane
else:
    import program
    from bladerunner import ControlPlane


async def light(arguments: Namespace, plane: ControlPlane) -> int:
    """Every LED of the range, in order. The first that cannot be lit ends it."""
    states = {"on": (True,), "off": (False,), "walk": (True, False)}[arguments.state]
    for number in program.in_order(arguments.first, arguments.last):
        for on in states:
            await plane.led(number, on)
            if len(states) > 1 and on:
                await asyncio.sleep(arguments.moment)
        program.answer(f"node {number}: LED {arguments.state}")
    return program.DONE


if __name__ == "__main__":
    made = program.parser("debugled.py", "Light the bay LEDs.", "debugled.py on 1 15")
    made.add_argument("state", nargs="?", choices=("on", "off", "walk"), default="walk")
    program.add_range(made)
    made.add_argument(
        "--moment",
        type=program.seconds,
        metavar="SECONDS",
        default="0.3",
        help="how long each is lit on a walk (%(default)s)",
    )
    sys.exit(program.run(made, light))
