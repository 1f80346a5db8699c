# SPDX-License-Identifier: Apache-2.0
"""`driver: command`: any program, as a list of words; no shell reads them."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import Field

from builder.host import awaited
from builder.power.driver import ANY
from builder.power.fill import Words, fill
from builder.power.outlet import Driver, Outlet, PowerError, State, Tell
from builder.recipe.strict import Strict

SOCKETS = ANY


class Model(Strict):
    """Programs that switch and ask. Words may hold `{number}`, `{name}`, `{mac}`; the mains is number 0."""

    driver: Literal["command"] = Field(description="this driver")
    on: list[Words] = Field(min_length=1, description="switches on, as in `[outlet, --on, '{number}']`")
    off: list[Words] = Field(min_length=1, description="cuts the power")
    status: list[Words] | None = Field(
        None,
        min_length=1,
        description="exit code 0 says on, 1 off, any other unknown; `null` when nothing can ask",
    )
    timeout: float = Field(30.0, gt=0, description="seconds that a program may take")


@asynccontextmanager
async def connect(model: Model, tell: Tell) -> AsyncIterator[Driver]:
    """Nothing stays open: each call is a program."""
    yield _Command(model)


class _Command:
    def __init__(self, model: Model) -> None:
        self._model = model
        self.tells_state = model.status is not None

    async def on(self, outlet: Outlet) -> None:
        await self._switch(self._model.on, outlet)

    async def off(self, outlet: Outlet) -> None:
        await self._switch(self._model.off, outlet)

    async def status(self, outlets: Sequence[Outlet]) -> Mapping[int, State]:
        return {outlet.number: await self._state(outlet) for outlet in outlets}

    async def _switch(self, words: Sequence[str], outlet: Outlet) -> None:
        argv = [fill(word, outlet) for word in words]
        done = await awaited.run(argv, seconds=self._model.timeout)
        if done.code:
            said = (done.stderr or done.stdout).decode(errors="replace").splitlines()
            raise PowerError(
                f"`{argv[0]}` ended with {done.code} for `{outlet.name}`",
                facts=[f"command: {shlex.join(argv)}", *(f"| {line}" for line in said[-5:])],
            )

    async def _state(self, outlet: Outlet) -> State:
        if self._model.status is None:
            return State.UNKNOWN
        argv = [fill(word, outlet) for word in self._model.status]
        done = await awaited.run(argv, seconds=self._model.timeout)
        return {0: State.ON, 1: State.OFF}.get(done.code, State.UNKNOWN)
