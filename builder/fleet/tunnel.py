# SPDX-License-Identifier: Apache-2.0
"""The way to others through the head."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.fleet.connect import Access, Barred, connected
from builder.fleet.knock import cause
from builder.fleet.machine import Machine

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection


@dataclass
class Tunnel:
    """A connection to the head, by way of which others are reached: opened at need, closed with `stack`.

    Where it has broken off, the next one who needs it opens it again.
    """

    access: Access
    head: Machine
    stack: AsyncExitStack
    _connection: SSHClientConnection | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def connection(self) -> SSHClientConnection:
        """The connection. Raises Barred when the head cannot be logged in to."""
        async with self._one:
            if self._connection is None or self._connection.is_closed():
                try:
                    self._connection = await self.stack.enter_async_context(connected(self.access, self.head))
                except OSError as error:
                    raise Barred(f"the head `{self.head.name}` cannot be reached: {cause(error)}") from None
            return self._connection
