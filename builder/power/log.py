# SPDX-License-Identifier: Apache-2.0
"""dnsmasq's log from now on, line by line: a file or a unit's journal, here or on the head over ssh."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from builder.fleet.knock import cause
from builder.fleet.machine import Machine
from builder.host import awaited
from builder.power.outlet import PowerError
from builder.power.power_file import LogModel
from builder.power.reach import Reach


@asynccontextmanager
async def followed(log: LogModel, reach: Reach, head: Machine) -> AsyncIterator[AsyncIterable[str]]:
    """The lines that are written while the body runs. Raises PowerError when the log cannot be read."""
    if log.on_head:
        async with _on_head(log, reach, head) as lines:
            yield lines
        return
    if log.file is not None and not os.access(log.file, os.R_OK):
        raise PowerError(f"the log `{log.file}` cannot be read", hint="is it here, and may you read it?")
    # From its end as it is now: what is written while the program starts is not lost.
    start = f"--bytes=+{Path(log.file).stat().st_size + 1}" if log.file is not None else ""
    async with awaited.lines(_program(log, start)) as lines:
        yield lines


def _program(log: LogModel, start: str = "--lines=0") -> list[str]:
    """What prints the log as it is written, over its rotation too; `start` is where in a file."""
    if log.file is not None:
        return ["tail", start, "--follow=name", "--retry", log.file]
    return ["journalctl", "--follow", "--lines=0", "--output=cat", f"--unit={log.unit}"]


@asynccontextmanager
async def _on_head(log: LogModel, reach: Reach, head: Machine) -> AsyncIterator[AsyncIterable[str]]:
    import asyncssh

    try:
        async with (
            reach.login(head) as connection,
            # The other side's shell reads one string.
            connection.create_process(
                shlex.join(_program(log)), stdin=asyncssh.DEVNULL, stderr=asyncssh.DEVNULL
            ) as process,
        ):
            yield process.stdout
    except OSError as error:
        raise PowerError(f"the log on `{head.name}` cannot be read: {cause(error)}") from None
