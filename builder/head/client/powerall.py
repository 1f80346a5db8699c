#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`powerall.py on 1 60`: switch a range of nodes, one after another, in order.

Nodes that come on together lose each other's network boot, so there is a pause between them. A node that
cannot be switched is told and passed over; the exit code says that there was one.
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

STAGGER = {"on": 2.0, "off": 0.0}


async def switch(arguments: Namespace, plane: ControlPlane) -> int:
    """A command a node; waits `stagger` seconds between them."""
    state, numbers = arguments.state, program.in_order(arguments.first, arguments.last)
    stagger = STAGGER[state] if arguments.stagger is None else arguments.stagger
    failed = []
    for number in numbers:
        if number != numbers[0]:
            await asyncio.sleep(stagger)
        try:
            await plane.power(number, state == "on")
            program.answer(f"node {number}: {state}")
        except Unreachable:
            raise
        except ControlPlaneError as error:
            failed.append(number)
            program.tell(f"error: node {number}: {error}")
    if failed:
        listed = ", ".join(str(number) for number in failed)
        program.tell(f"{len(numbers) - len(failed)} of {len(numbers)} switched {state}; not: {listed}")
    return program.FAILED if failed else program.DONE


if __name__ == "__main__":
    made = program.parser("powerall.py", "Switch a range of nodes, in order.", "powerall.py on 1 60")
    made.add_argument("state", choices=("on", "off"))
    program.add_range(made)
    made.add_argument(
        "--stagger", type=program.seconds, metavar="SECONDS", help="pause between nodes (on: 2, off: 0)"
    )
    sys.exit(program.run(made, switch))
