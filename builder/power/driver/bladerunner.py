# SPDX-License-Identifier: Apache-2.0
"""`driver: bladerunner`: BitScope's control plane on the head, JSON over WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

from pydantic import Field

from builder.head.client.bladerunner import ControlPlane, ControlPlaneError
from builder.head.client.dialect import Words
from builder.power.driver import NODES
from builder.power.outlet import Driver, Outlet, PowerError, State, Tell
from builder.recipe.strict import Strict

SOCKETS = NODES
NEAR_HEAD = True
_WORDS = Words()


class Model(Strict):
    """A control plane. A node's number is its `id` there."""

    driver: Literal["bladerunner"] = Field(description="this driver")
    url: str = Field(pattern=r"^wss?://[^@\s]+$", description="as in `ws://10.42.0.250:1236`")
    timeout: float = Field(5.0, gt=0, description="seconds to wait for a connection or a reply")
    attempts: int = Field(2, ge=1, le=10, description="how often a command without a reply is sent")
    power_command: str = Field(_WORDS.power, min_length=1, description="what it calls the power request")
    status_command: str | None = Field(
        _WORDS.status, description="what it calls the status request; `null` when it has none"
    )


@asynccontextmanager
async def connect(model: Model, tell: Tell) -> AsyncIterator[Driver]:
    """One connection for as long as the body runs; it is opened by the first command."""
    words = Words(power=model.power_command, status=model.status_command or "")
    async with ControlPlane(
        model.url, words=words, patience=model.timeout, attempts=model.attempts, tell=tell
    ) as plane:
        yield _Bladerunner(plane, tells_state=model.status_command is not None)


class _Bladerunner:
    def __init__(self, plane: ControlPlane, *, tells_state: bool) -> None:
        self._plane = plane
        self.tells_state = tells_state

    async def on(self, outlet: Outlet) -> None:
        with _told():
            await self._plane.power(outlet.number, True)

    async def off(self, outlet: Outlet) -> None:
        with _told():
            await self._plane.power(outlet.number, False)

    async def status(self, outlets: Sequence[Outlet]) -> Mapping[int, State]:
        if not self.tells_state:
            return {outlet.number: State.UNKNOWN for outlet in outlets}
        with _told():
            found = await self._plane.states(outlets[0].number if len(outlets) == 1 else None)
        return {outlet.number: State.of(found.get(outlet.number)) for outlet in outlets}


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ControlPlaneError as error:
        raise PowerError(str(error), hint=error.hint) from None
