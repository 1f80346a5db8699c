# SPDX-License-Identifier: Apache-2.0
"""Programs that are awaited while other things go on: short questions to other systems' tools."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from builder.errors import LackingError, NodebakeError
from builder.host.linux import die_with_parent
from builder.host.process import Finished, environment


class TookTooLong(NodebakeError):
    """A program was still running after its time, and was killed."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(
            f"`{Path(argv[0]).name}` did not end within {seconds:g} s", facts=[f"command: {shlex.join(argv)}"]
        )


async def run(argv: Sequence[str], *, seconds: float) -> Finished:
    """Run a program to its end, whatever its exit code; its stdin is closed, its environment the least.

    Raises LackingError when there is no such program, TookTooLong after `seconds`.
    """
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=null, stdout=pipe, stderr=pipe, env=environment(), preexec_fn=die_with_parent
        )
    except FileNotFoundError as error:
        raise LackingError(f"`{argv[0]}` is not installed") from error
    except PermissionError as error:
        raise LackingError(f"`{argv[0]}` may not be run", hint=f"chmod +x {argv[0]}") from error
    try:
        async with asyncio.timeout(seconds):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        raise TookTooLong(argv, seconds) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Finished(process.returncode, stdout, stderr)


@asynccontextmanager
async def lines(argv: Sequence[str]) -> AsyncIterator[AsyncIterator[str]]:
    """What a program writes on its stdout, line by line while it runs; it is ended with the body.

    Raises LackingError when there is no such program. Its stderr goes nowhere.
    """
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=null, stdout=pipe, stderr=null, env=environment(), preexec_fn=die_with_parent
        )
    except FileNotFoundError as error:
        raise LackingError(f"`{argv[0]}` is not installed") from error
    assert process.stdout is not None
    try:
        yield _decoded(process.stdout)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _decoded(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    async for line in stream:
        yield line.decode(errors="replace")
