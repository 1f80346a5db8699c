# SPDX-License-Identifier: Apache-2.0
"""`driver: homematic`: one socket of a Homematic or debmatic controller, by XML-RPC."""

from __future__ import annotations

import asyncio
import http.client
import xmlrpc.client
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal
from xml.parsers.expat import ExpatError

from pydantic import Field

from builder.fleet.knock import cause
from builder.power.driver import ONE
from builder.power.outlet import Driver, Outlet, PowerError, State, Tell
from builder.recipe.strict import Strict

SOCKETS = ONE
_KEY = "STATE"
_GARBAGE = (ValueError, TypeError, LookupError)
"""What xmlrpc raises when it reads values that are none, besides errors of its own."""


class Model(Strict):
    """A switch channel. Classic devices answer on port 2001, Homematic IP on 2010."""

    driver: Literal["homematic"] = Field(description="this driver")
    url: str = Field(pattern=r"^https?://[^@\s]+$", description="as in `http://192.168.1.112:2001`")
    channel: str = Field(
        pattern=r"^[A-Za-z0-9_-]+:[0-9]+$", description="the channel's address, as in `LEQ1234567:1`"
    )
    timeout: float = Field(10.0, gt=0, description="seconds to wait for an answer")


@asynccontextmanager
async def connect(model: Model, tell: Tell) -> AsyncIterator[Driver]:
    """A connection for each call: sockets are switched rarely."""
    yield _Homematic(model)


class _Homematic:
    tells_state = True

    def __init__(self, model: Model) -> None:
        self._model = model

    async def on(self, outlet: Outlet) -> None:
        await self._call("setValue", self._model.channel, _KEY, True)

    async def off(self, outlet: Outlet) -> None:
        await self._call("setValue", self._model.channel, _KEY, False)

    async def status(self, outlets: Sequence[Outlet]) -> Mapping[int, State]:
        value = await self._call("getValue", self._model.channel, _KEY)
        state = State.of(value if isinstance(value, bool) else None)
        return {outlet.number: state for outlet in outlets}

    async def _call(self, method: str, *arguments: Any) -> object:
        try:
            return await asyncio.to_thread(self._call_now, method, *arguments)
        except xmlrpc.client.Fault as fault:
            message = f"the controller refused {method} of `{self._model.channel}`: {fault.faultString}"
            raise PowerError(
                message,
                facts=[f"fault {fault.faultCode}"],
                hint="is the channel right, and the port that of its kind of device?",
            ) from None
        except (OSError, http.client.HTTPException, xmlrpc.client.Error, ExpatError, *_GARBAGE) as error:
            message = f"no Homematic controller at `{self._model.url}`: {_cause(error)}"
            raise PowerError(message) from None

    def _call_now(self, method: str, *arguments: Any) -> object:
        transport = _transport(self._model)
        with xmlrpc.client.ServerProxy(self._model.url, transport=transport) as proxy:
            return getattr(proxy, method)(*arguments)


def _transport(model: Model) -> xmlrpc.client.Transport:
    """A transport that does not wait for ever."""
    base: type[xmlrpc.client.Transport] = (
        xmlrpc.client.SafeTransport if model.url.startswith("https:") else xmlrpc.client.Transport
    )

    class Bounded(base):  # type: ignore[misc, valid-type]
        def make_connection(self, host: Any) -> http.client.HTTPConnection:
            connection: http.client.HTTPConnection = super().make_connection(host)
            connection.timeout = model.timeout
            return connection

    return Bounded()


def _cause(error: Exception) -> str:
    if isinstance(error, OSError):
        return cause(error)
    if isinstance(error, xmlrpc.client.ProtocolError):
        return f"HTTP {error.errcode} {error.errmsg}"
    return " ".join(str(error or type(error).__name__).lower().split())
