# SPDX-License-Identifier: Apache-2.0
"""`driver: powerman`: whatever a powerman daemon switches, by its client `pm`."""

from __future__ import annotations

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
    """A powerman daemon."""

    driver: Literal["powerman"] = Field(description="this driver")
    server: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?$", description="`HOST:PORT`; this machine's else"
    )
    target: Words = Field(
        "{name}", description="what powerman calls it; may hold `{name}`, `{number}`, `{mac}`"
    )
    program: str = Field("pm", min_length=1, description="its client")
    timeout: float = Field(30.0, gt=0, description="seconds that a call may take")


@asynccontextmanager
async def connect(model: Model, tell: Tell) -> AsyncIterator[Driver]:
    """Nothing stays open: each call is a run of `pm`."""
    yield _Powerman(model)


class _Powerman:
    tells_state = True

    def __init__(self, model: Model) -> None:
        self._model = model

    async def on(self, outlet: Outlet) -> None:
        await self._pm("--on", fill(self._model.target, outlet))

    async def off(self, outlet: Outlet) -> None:
        await self._pm("--off", fill(self._model.target, outlet))

    async def status(self, outlets: Sequence[Outlet]) -> Mapping[int, State]:
        targets = {outlet.number: fill(self._model.target, outlet) for outlet in outlets}
        states = answered(await self._pm("--exprange", "--query", ",".join(targets.values())))
        return {number: states.get(target, State.UNKNOWN) for number, target in targets.items()}

    async def _pm(self, *words: str) -> str:
        server = ["--server-host", self._model.server] if self._model.server else []
        done = await awaited.run([self._model.program, *server, *words], seconds=self._model.timeout)
        if done.code:
            said = (done.stderr + done.stdout).decode(errors="replace").splitlines()
            raise PowerError(
                f"`{self._model.program} {' '.join(words)}` ended with {done.code}",
                facts=[f"| {line}" for line in said[-5:]],
            )
        return done.stdout.decode(errors="replace")


def answered(text: str) -> dict[str, State]:
    """The states in what `pm --exprange --query` prints: a line `node07: off` for each target."""
    lines = [line.rpartition(":") for line in text.splitlines()]
    known = {state.value for state in State}
    return {target.strip(): State(word.strip()) for target, _, word in lines if word.strip() in known}
