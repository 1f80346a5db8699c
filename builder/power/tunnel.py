# SPDX-License-Identifier: Apache-2.0
"""The way to others through the head."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.power.knock import cause
from builder.power.outlet import PowerError
from builder.power.reach import Machine, Reach

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection


@dataclass
class Tunnel:
    """A connection to the head, by way of which others are reached: opened at need, closed with `stack`."""

    reach: Reach
    head: Machine
    stack: AsyncExitStack
    _connection: SSHClientConnection | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def connection(self) -> SSHClientConnection:
        """The connection. Raises PowerError when the head cannot be logged in to."""
        async with self._one:
            if self._connection is None:
                try:
                    self._connection = await self.stack.enter_async_context(self.reach.login(self.head))
                except OSError as error:
                    message = f"the head `{self.head.name}` cannot be reached: {cause(error)}"
                    raise PowerError(message) from None
            return self._connection
