# SPDX-License-Identifier: Apache-2.0
"""The control plane's protocol: JSON frames over WebSocket, one command in flight, each with one reply.

`Exchange` is the protocol without a network: commands in, frames out; frames in, replies out.
`ControlPlane` speaks it over a connection that it opens when needed, and opens again when it is lost.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

import websockets
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.version import version

if TYPE_CHECKING or __package__:
    from builder.head.client.dialect import Words, power_arguments, states
else:
    from dialect import Words, power_arguments, states

_LARGEST_FRAME = 1 << 20
# Since version 15 a proxy of the environment is used, which is never the way to the head.
_NO_PROXY: dict[str, Any] = {"proxy": None} if int(version.split(".")[0]) >= 15 else {}


class ControlPlaneError(Exception):
    """Something went wrong between us and the control plane; the text is one line for people."""

    hint: str | None = None


class Unreachable(ControlPlaneError):
    """Nothing answers at the address, or what answers is no control plane."""

    hint = "is the control plane's daemon running on the head?"


class NoReply(ControlPlaneError):
    """The control plane took a command and did not reply in time: what came of it is unknown."""


class Lost(ControlPlaneError):
    """The connection ended before the reply: what came of the command is unknown."""


class Rejected(ControlPlaneError):
    """The control plane replied with an error."""

    def __init__(self, what: str, error: Error) -> None:
        of = "" if error.index is None else f" for {error.index}"
        status = "without a status code" if error.status is None else f"status {error.status}"
        super().__init__(f"the control plane refused {what}: error{of}, {status}")
        self.error = error


class Unfit(ControlPlaneError):
    """The reply tells of another node, or of another state, than was asked for."""


@dataclass(frozen=True)
class Response:
    """A reply that is no error; `arguments` are empty when it carries none."""

    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """An error reply: the object that it is about and the status code, as far as it tells them."""

    index: int | None = None
    status: int | str | None = None


@dataclass(frozen=True)
class Ignored:
    """A frame that answers nothing we asked; `why` is for people."""

    why: str


class Exchange:
    """The conversation on one connection. `seqno` counts up from 1."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._seqno = 0
        self._waiting = False

    def ask(self, command: str, arguments: Mapping[str, Any]) -> str:
        """The frame of a command. The former one must have its reply: commands are never queued."""
        if self._waiting:
            raise RuntimeError("a command is in flight already")
        self._seqno += 1
        self._waiting = True
        return json.dumps(
            {"target": self._target, "seqno": self._seqno, "command": command, "args": dict(arguments)},
            separators=(",", ":"),
        )

    def hear(self, frame: str | bytes) -> Response | Error | Ignored:
        """What a frame means. A reply ends the waiting; anything else does not."""
        try:
            heard = json.loads(frame)
        except (ValueError, RecursionError):
            return Ignored("a frame that is not JSON")
        if not isinstance(heard, dict):
            return Ignored("a frame that is no JSON object")
        is_error = "error" in heard or "error" in (heard.get("reply"), heard.get("command"))
        if "seqno" in heard:
            seqno = heard["seqno"]
            # In Python, `true` equals 1.
            if type(seqno) is not int or seqno != self._seqno:
                return Ignored(f"a reply to {_shown(seqno)} while waiting for {self._seqno}")
        elif not is_error and "reply" not in heard:
            return Ignored("a frame that is no reply")
        if not self._waiting:
            return Ignored("a reply that nobody asked for")
        # Without a number it can only be the one in flight: a frame comes in response to a command only.
        self._waiting = False
        return _error(heard) if is_error else Response(_mapping(heard.get("args")))


class ControlPlane:
    """A control plane at `url`. Commands wait for each other; each is one question and its reply.

    `patience` is how long to wait for a connection or a reply, in seconds; a command is sent up to
    `attempts` times, which is harmless because each says what is to be and not what is to change. After a
    time-out the connection is dropped: its late reply must not meet the next command. `tell` gets a line
    for each thing that went wrong and is tried again.
    """

    def __init__(
        self,
        url: str,
        *,
        words: Words | None = None,
        patience: float = 5.0,
        attempts: int = 2,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = url
        self.words = words or Words()
        self._patience = patience
        self._attempts = attempts
        self._tell = tell
        self._one_in_flight = asyncio.Lock()
        self._socket: Any = None
        self._exchange = Exchange(self.words.target)

    async def __aenter__(self) -> ControlPlane:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._hang_up()

    async def power(self, number: int, on: bool) -> None:
        """Switch a node. Raises ControlPlaneError, also when the reply does not fit."""
        await self._switch(self.words.power, number, on)

    async def led(self, number: int, on: bool) -> None:
        """Light a bay's LED, or darken it."""
        await self._switch(self.words.led, number, on)

    async def states(self, number: int | None = None) -> dict[int, bool]:
        """Which nodes are on; of a node that is not in the answer nothing is known. `number` asks for one."""
        arguments = {} if number is None else {"id": number}
        return states((await self.request(self.words.status, arguments)).arguments)

    async def _switch(self, command: str, number: int, on: bool) -> None:
        asked = power_arguments(number, on)
        told = (await self.request(command, asked)).arguments
        wrong = [key for key, value in asked.items() if key in told and told[key] != value]
        if wrong:
            said = ", ".join(f"`{key}` {_shown(told[key])}" for key in wrong)
            raise Unfit(f"asked for node {number} {'on' if on else 'off'}, the reply says {said}")

    async def request(self, command: str, arguments: Mapping[str, Any]) -> Response:
        """One command and its response."""
        async with self._one_in_flight:
            for attempt in range(1, self._attempts + 1):
                try:
                    return await self._ask(command, arguments)
                except (NoReply, Lost) as error:
                    if attempt == self._attempts:
                        raise
                    self._tell(f"{error}; asking again ({attempt + 1} of {self._attempts})")
        raise ValueError("attempts must be at least 1")

    async def _ask(self, command: str, arguments: Mapping[str, Any]) -> Response:
        if self._socket is None:
            await self._connect()
        what = _shown_command(command, arguments)
        whole = False
        try:
            await self._socket.send(self._exchange.ask(command, arguments))
            async with asyncio.timeout(self._patience):
                reply = await self._reply()
            whole = True
        except TimeoutError:
            raise NoReply(f"the control plane did not reply to {what} within {self._patience:g} s") from None
        except (ConnectionClosed, OSError) as error:
            raise Lost(f"the connection to the control plane ended during {what}: {_cause(error)}") from None
        finally:
            if not whole:
                await self._hang_up()
        if isinstance(reply, Error):
            raise Rejected(what, reply)
        return reply

    async def _reply(self) -> Response | Error:
        while True:
            heard = self._exchange.hear(await self._socket.recv())
            if not isinstance(heard, Ignored):
                return heard
            self._tell(f"ignored {heard.why}")

    async def _connect(self) -> None:
        try:
            self._socket = await websockets.connect(
                self.url,
                open_timeout=self._patience,
                close_timeout=1,
                ping_interval=None,
                max_size=_LARGEST_FRAME,
                **_NO_PROXY,
            )
        except (OSError, WebSocketException) as error:
            raise Unreachable(f"no control plane at `{self.url}`: {_cause(error)}") from None
        self._exchange = Exchange(self.words.target)

    async def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


def _error(heard: Mapping[str, Any]) -> Error:
    told = {**_mapping(heard.get("args")), **_mapping(heard.get("error"))}
    index = told.get("index", heard.get("index"))
    status = told.get("status", heard.get("status"))
    if status is None and not isinstance(heard.get("error"), Mapping | bool):
        status = heard.get("error")
    return Error(
        index if type(index) is int else None,
        status if type(status) in (int, str) else None,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _shown(value: object) -> str:
    """A value of a frame, as one short line."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _shown_command(command: str, arguments: Mapping[str, Any]) -> str:
    return " ".join([command, *(f"{key}={_shown(value)}" for key, value in arguments.items())])


def _cause(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    number = error.errno if isinstance(error, OSError) else None
    if number is not None and number > 0:  # a name that is not found has a negative one, and a text
        return os.strerror(number).lower()
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())
