# SPDX-License-Identifier: Apache-2.0
"""What the programs share: the options that find the control plane, errors as text, exit codes.

0 done, 1 something was not done, 2 usage, 3 no control plane, 130 interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from builder.head.client.bladerunner import ControlPlane, ControlPlaneError, Unreachable
    from builder.head.client.dialect import NODES, PORT, Words
else:
    from bladerunner import ControlPlane, ControlPlaneError, Unreachable
    from dialect import NODES, PORT, Words

DONE, FAILED, NO_CONTROL_PLANE, INTERRUPTED = 0, 1, 3, 130

Body = Callable[[argparse.Namespace, ControlPlane], Awaitable[int]]


def parser(name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """A parser with the options of all programs. Environment variables give their defaults."""
    words = Words()
    made = argparse.ArgumentParser(prog=name, description=summary, epilog=f"example: {example}")
    way = made.add_argument_group("the control plane")
    way.add_argument(
        "--url",
        default=os.environ.get("BLADERUNNER_URL", f"ws://127.0.0.1:{PORT}"),
        help="where it listens (BLADERUNNER_URL; %(default)s)",
    )
    way.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        default=os.environ.get("BLADERUNNER_TIMEOUT", "5"),
        help="how long to wait for a reply (BLADERUNNER_TIMEOUT; %(default)s)",
    )
    for key, default in (("status", words.status), ("led", words.led)):
        variable = f"BLADERUNNER_{key.upper()}_COMMAND"
        way.add_argument(
            f"--{key}-command",
            metavar="NAME",
            default=os.environ.get(variable, default),
            help=f"what it calls this command ({variable}; %(default)s)",
        )
    return made


def run(made: argparse.ArgumentParser, body: Body) -> int:
    """Parse the command line, speak to the control plane, give the exit code."""
    arguments = made.parse_args()
    try:
        return asyncio.run(_speak(arguments, body))
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except ControlPlaneError as error:
        tell(f"error: {error}")
        if error.hint:
            tell(f"hint: {error.hint}")
        return NO_CONTROL_PLANE if isinstance(error, Unreachable) else FAILED


async def _speak(arguments: argparse.Namespace, body: Body) -> int:
    words = Words(status=arguments.status_command, led=arguments.led_command)
    async with ControlPlane(
        arguments.url, words=words, patience=arguments.timeout, tell=lambda text: tell(f"warning: {text}")
    ) as plane:
        return await body(arguments, plane)


def tell(text: str) -> None:
    """A line on stderr, at once: units' logs are read while they run."""
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """A line of the answer."""
    print(text, flush=True)


def node(word: str) -> int:
    """The number of a node."""
    if not (word.isascii() and word.isdigit() and 1 <= int(word) <= NODES):
        raise argparse.ArgumentTypeError(f"`{word}` is no node: they are 1 to {NODES}")
    return int(word)


def seconds(word: str) -> float:
    """A time in seconds, 0 or more."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value < 86400:
        raise argparse.ArgumentTypeError(f"`{word}` is no number of seconds")
    return value


def add_range(made: argparse.ArgumentParser) -> None:
    """FIRST and LAST; every node when they are not given."""
    made.add_argument("first", nargs="?", type=node, default=1, metavar="FIRST", help="from this node (1)")
    made.add_argument(
        "last", nargs="?", type=node, default=NODES, metavar="LAST", help=f"to this node ({NODES})"
    )


def in_order(first: int, last: int) -> Sequence[int]:
    """The nodes from `first` to `last`, downwards when that is how they were given."""
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def on_off(on: bool | None) -> str:
    """A state as a word."""
    return {True: "on", False: "off", None: "unknown"}[on]
