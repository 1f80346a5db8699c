# SPDX-License-Identifier: Apache-2.0
"""Whether a machine answers: a knock at a TCP port, and what came of it."""

from __future__ import annotations

import asyncio
import errno
import os
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

_GREETING = b"SSH-"
_ALIVE = (errno.ECONNREFUSED, errno.ECONNRESET)
_ABSENT = (errno.EHOSTUNREACH, errno.EHOSTDOWN)


class Answer(StrEnum):
    """What came of a knock at a TCP port, what tells most first. A refusal is an answer: a kernel gave it."""

    SSH = "ssh"
    ALIVE = "alive"
    SILENT = "silent"
    """Down, or not to be heard from here."""
    ABSENT = "absent"
    """No route to host, the network says: nobody is there, or a router or a firewall wants it to look so."""
    CANNOT_TELL = "cannot tell"
    """Nothing could even be sent: that is no proof of anything."""


async def knock(
    address: str,
    port: int,
    seconds: float,
    through: SSHClientConnection | None = None,
    *,
    greeting: bool = True,
) -> Answer:
    """Connect, from here or by way of another machine, and look whether ssh greets.

    Without `greeting` nothing is waited for that other servers do not say: from here, all are `ALIVE` then.
    """
    if through is not None:
        return await _knock_through(through, address, port, seconds)
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return Answer.SILENT
    except OSError as error:
        if error.errno in _ALIVE:
            return Answer.ALIVE
        if error.errno in _ABSENT:
            return Answer.ABSENT
        return Answer.SILENT if error.errno == errno.ETIMEDOUT else Answer.CANNOT_TELL
    said = b""
    try:
        if greeting:
            async with asyncio.timeout(seconds):
                said = await reader.read(4)
    except (TimeoutError, OSError):
        pass
    finally:
        writer.close()
    return Answer.SSH if said == _GREETING else Answer.ALIVE


async def _knock_through(through: SSHClientConnection, address: str, port: int, seconds: float) -> Answer:
    import asyncssh

    try:
        async with asyncio.timeout(seconds):
            reader, writer = await through.open_connection(address, port)
    except TimeoutError:
        return Answer.SILENT
    except asyncssh.ChannelOpenError as error:
        if through.is_closed():
            # It was not even asked for: who stands behind may be well.
            return Answer.CANNOT_TELL
        if error.code == asyncssh.OPEN_CONNECT_FAILED:
            return Answer.ALIVE if "refused" in error.reason.lower() else Answer.SILENT
        return Answer.CANNOT_TELL
    except (asyncssh.Error, OSError):
        return Answer.CANNOT_TELL
    try:
        async with asyncio.timeout(seconds):
            greeting = await reader.read(4)
    except (TimeoutError, OSError, asyncssh.Error):
        greeting = b""
    finally:
        writer.close()
    return Answer.SSH if greeting == _GREETING else Answer.ALIVE


def cause(error: OSError) -> str:
    """Why nothing could be reached, in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    # Such as a name that is not found.
    return str(error.strerror or error).lower()
