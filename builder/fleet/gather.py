# SPDX-License-Identifier: Apache-2.0
"""One command on many machines at once, over connections that are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.errors import NodebakeError
from builder.fleet.connect import Access, connect
from builder.fleet.knock import cause
from builder.fleet.machine import Machine
from builder.fleet.order import Order, Outcome
from builder.fleet.tunnel import Tunnel

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHClientProcess

AT_ONCE = 64
"""Logins at a time."""
_CHUNK = 1 << 17  # bytes of a file that are handed over at a time

Told = Callable[[Outcome], None]
Heard = Callable[[str], None]
"""Told each line of a command's stdout as it comes."""


@dataclass
class Fleet:
    """Connections to machines, opened at the first order and kept. Open it with :func:`fleet`."""

    access: Access
    tunnel: Tunnel
    _stack: AsyncExitStack
    _open: dict[str, SSHClientConnection] = field(default_factory=dict)
    _one: dict[str, asyncio.Lock] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def gather(
        self,
        machines: Iterable[Machine],
        order: Order,
        told: Told = lambda _: None,
        *,
        at_once: int | None = None,
    ) -> list[Outcome]:
        """The order on all of them at once; outcomes in their order, `told` of each as it comes."""
        gate = asyncio.Semaphore(at_once) if at_once else nullcontext()

        async def one(machine: Machine) -> Outcome:
            async with gate:
                outcome = await self.run(machine, order)
            told(outcome)
            return outcome

        return list(await asyncio.gather(*map(one, machines)))

    async def run(self, machine: Machine, order: Order, heard: Heard | None = None) -> Outcome:
        """The order on one machine. What cannot be done is told in the outcome."""
        began = time.monotonic()
        try:
            connection = await self.connection(machine)
        except NodebakeError as error:
            return Outcome(machine.name, None, why=error.message, hint=error.hint)
        except OSError as error:
            return Outcome(machine.name, None, why=f"no ssh: {cause(error)}")
        done = await _carried_out(connection, machine.name, order, heard)
        if done.exit is None:
            self._forget(machine, connection)
        return Outcome(done.name, done.exit, done.stdout, done.stderr, time.monotonic() - began, done.why)

    async def connection(self, machine: Machine) -> SSHClientConnection:
        """The connection to a machine. Raises NodebakeError, or OSError where nothing answers."""
        # Two orders at a time log in once.
        async with self._one.setdefault(machine.name, asyncio.Lock()):
            kept = self._open.get(machine.name)
            if kept is None or kept.is_closed():
                async with self._gate:
                    through = await self.tunnel.connection() if machine.via_head else None
                    kept = self._open[machine.name] = await connect(self.access, machine, through)
            return kept

    @asynccontextmanager
    async def lent(self, machine: Machine, port: int) -> AsyncIterator[int]:
        """A port of the machine's loopback that leads to `port` of ours, while the body runs.

        Raises NodebakeError, or OSError where it cannot be had.
        """
        import asyncssh

        connection = await self.connection(machine)
        try:
            listener = await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", port)
        except asyncssh.Error as error:
            raise OSError(f"it lends no port: {error.reason.lower()}") from error
        try:
            yield listener.get_port()
        finally:
            listener.close()

    def _forget(self, machine: Machine, connection: SSHClientConnection) -> None:
        """Close a connection whose other side is in doubt; one that another order has opened since stays."""
        if self._open.get(machine.name) is connection:
            del self._open[machine.name]
        connection.abort()

    async def close(self) -> None:
        """End all connections, without waiting for the word of who hangs."""
        for connection in self._open.values():
            connection.abort()
        await self._stack.aclose()


@asynccontextmanager
async def fleet(access: Access, head: Machine) -> AsyncIterator[Fleet]:
    """A fleet while the body runs; those by way of the head are reached through `head`."""
    stack = AsyncExitStack()
    opened = Fleet(access, Tunnel(access, head, stack), stack)
    try:
        yield opened
    finally:
        await opened.close()


async def _carried_out(
    connection: SSHClientConnection, name: str, order: Order, heard: Heard | None
) -> Outcome:
    """Run to its end, or until its time is over; what it had said by then is kept."""
    import asyncssh

    try:
        async with asyncio.timeout(order.within):
            process = await connection.create_process(
                order.command,
                stdin=order.stdin_file or (asyncssh.PIPE if order.stdin else asyncssh.DEVNULL),
                bufsize=_CHUNK,
                encoding=None,
            )
    except TimeoutError:
        return Outcome(name, None, why="the machine starts no command")
    except asyncssh.Error as error:
        return Outcome(name, None, why=f"no command can be started: {error.reason.lower()}")
    except OSError as error:
        if error.filename:
            raise  # what was to be sent cannot be read, on this side
        return Outcome(name, None, why=f"no command can be started: {cause(error)}")
    # Who is gone by now is told by what comes of it.
    with suppress(OSError):
        if order.stdin:
            process.stdin.write(order.stdin.encode())
            process.stdin.write_eof()
    try:
        async with asyncio.timeout(order.within):
            out, err = await (_listened_to(process, heard) if heard else process.communicate())
    except TimeoutError:
        out, err = _so_far(process)
        return Outcome(name, None, _text(out), _text(err), why=f"not done after {order.within:g} s")
    except (OSError, asyncssh.Error):
        out, err = _so_far(process)
    signal = process.exit_signal
    if process.exit_status is None or signal:
        why = f"ended by signal {signal[0]}" if signal else "the connection broke off"
        return Outcome(name, None, _text(out), _text(err), why=why)
    return Outcome(name, process.exit_status, _text(out), _text(err))


async def _listened_to(process: SSHClientProcess[bytes], heard: Heard) -> tuple[bytes, bytes]:
    """Both streams of a process, its stdout told line by line."""

    async def tell() -> bytes:
        lines = []
        async for line in process.stdout:
            lines.append(line)
            heard(_text(line))
        return b"".join(lines)

    out, err = await asyncio.gather(tell(), process.stderr.read())
    await process.wait()
    return out, err


def _so_far(process: SSHClientProcess[bytes]) -> tuple[bytes, bytes]:
    """What a process has said that is given up now; its session's end ends it."""
    with suppress(OSError):
        process.terminate()
    said = process.collect_output()
    process.close()
    return said


def _text(said: bytes) -> str:
    return said.decode(errors="replace")
