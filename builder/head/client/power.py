#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`power.py 7 on`: switch one node."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client import program
    from builder.head.client.bladerunner import ControlPlane
else:
    import program
    from bladerunner import ControlPlane


async def switch(arguments: Namespace, plane: ControlPlane) -> int:
    """One command, one reply."""
    await plane.power(arguments.node, arguments.state == "on")
    program.answer(f"node {arguments.node}: {arguments.state}")
    return program.DONE


if __name__ == "__main__":
    made = program.parser("power.py", "Switch one node on or off.", "power.py 7 on")
    made.add_argument("node", type=program.node, metavar="NODE", help="its number, 1 to 60")
    made.add_argument("state", choices=("on", "off"))
    sys.exit(program.run(made, switch))
