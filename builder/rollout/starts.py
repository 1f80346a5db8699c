# SPDX-License-Identifier: Apache-2.0
"""How often a node starts, as the head sees it: a kernel that panics starts again and again, and no ssh tells
of it. The head counts the kernels that it has sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from builder.errors import NodebakeError

ENOUGH = 3
"""Starts of a node after which it is given up. The second may go well: the head may have been too slow for
the first.
"""
BETWEEN = 10.0


@dataclass
class Starts:
    """Counts starts of nodes since each was `marked`. `ask` is a verb of nodebake-head's and its answer;
    `between` are seconds between two questions, whoever of the nodes is waited for.

    A head that cannot tell, as one of an older version, has seen nobody start.
    """

    ask: Callable[..., Awaitable[Any]]
    between: float = BETWEEN
    _since: int | None = None
    _seen: dict[str, int] = field(default_factory=dict)
    _marks: dict[str, int] = field(default_factory=dict)
    _asked: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def count_from(self, assigned: object) -> None:
        """Begin at the head's first answer to `assign`, by the head's own clock."""
        since = assigned.get("since") if isinstance(assigned, dict) else None
        if self._since is None and isinstance(since, int):
            self._since = since

    async def mark(self, node: str) -> None:
        """What the node fetches from now on is counted."""
        self._marks.pop(node, None)
        if await self._look(0):
            self._marks[node] = self._seen.get(node, 0)

    async def of(self, node: str) -> int:
        """How often it has started since; some seconds old."""
        if node not in self._marks:
            return 0
        await self._look(self.between)
        return self._seen.get(node, 0) - self._marks[node]

    async def _look(self, after: float) -> bool:
        """Ask the head, unless it was asked less than `after` seconds ago; whether it answered."""
        clock = asyncio.get_running_loop().time
        async with self._lock:
            if self._since is None or clock() - self._asked < after:
                return False
            self._asked = clock()
            try:
                told = await self.ask("starts", "--since", str(self._since))
            except NodebakeError:
                return False
            self._seen = {str(name): int(count) for name, count in dict(told or {}).items()}
            return True
