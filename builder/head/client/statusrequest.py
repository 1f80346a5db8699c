#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`statusrequest.py`: the state of the control plane, and of each node in its bar and place."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client import program
    from builder.head.client.bladerunner import ControlPlane
    from builder.head.client.dialect import NODES, place
else:
    import program
    from bladerunner import ControlPlane
    from dialect import NODES, place

_SIGN = {True: "on", False: "-", None: "?"}


async def show(arguments: Namespace, plane: ControlPlane) -> int:
    """One question for all nodes. 1 when the state of some is unknown."""
    states = await plane.states()
    told = {number: states.get(number) for number in range(1, NODES + 1)}
    if arguments.json:
        nodes = [{"id": number, "state": program.on_off(on)} for number, on in told.items()]
        program.answer(json.dumps({"url": plane.url, "nodes": nodes}))
    else:
        program.answer("\n".join(grid(told)))
        program.answer(f"{plane.url} answers: {counted(told)}")
    return program.FAILED if None in told.values() else program.DONE


def grid(states: Mapping[int, bool | None]) -> Iterator[str]:
    """Bars downwards, places across, as they hang in the rack."""
    yield "bar " + " ".join(f"{within:>2X}" for within in range(1, 16))
    for bar in range(4):
        row = [_SIGN[on] for number, on in states.items() if place(number) >> 4 == bar]
        yield f"{'ABCD'[bar]}   " + " ".join(f"{sign:>2}" for sign in row)


def counted(states: Mapping[int, bool | None]) -> str:
    """`48 on, 12 off`."""
    values = list(states.values())
    counts = [(program.on_off(state), values.count(state)) for state in (True, False, None)]
    return ", ".join(f"{count} {word}" for word, count in counts if count)


if __name__ == "__main__":
    made = program.parser("statusrequest.py", "Show which nodes are on.", "statusrequest.py")
    made.add_argument("--json", action="store_true", help="answer as JSON")
    sys.exit(program.run(made, show))
