# SPDX-License-Identifier: Apache-2.0
"""Whether machines answer, and shutting them down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from builder.fleet import connect
from builder.fleet.connect import Access, Barred
from builder.fleet.knock import Answer, cause
from builder.fleet.machine import Machine
from builder.fleet.tunnel import Tunnel
from builder.power.power_file import SequenceModel

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

_POLL = 0.5  # seconds between two knocks


class End(StrEnum):
    """How a shutdown ended."""

    SHUT = "shut down"
    SILENT = "did not answer ssh"
    SLOW = "did not go down in time"
    BARRED = "could not be shut down"


@dataclass(frozen=True)
class Shutdown:
    """How a shutdown ended, and why so."""

    end: End
    why: str = ""


@dataclass(frozen=True)
class Reach:
    """The way to machines by ssh; `tunnel` leads to those that are reached by way of the head."""

    access: Access
    sequence: SequenceModel
    tunnel: Tunnel | None = None

    async def answer(self, machine: Machine) -> Answer:
        """Whether a machine's ssh answers now, at whichever address."""
        found = await connect.answers(self.access, machine, await self._through(machine))
        return min((answer for answer, _ in found), key=list(Answer).index)

    async def _through(self, machine: Machine) -> SSHClientConnection | None:
        """What leads to a machine, when it is not reached from here."""
        return await self.tunnel.connection() if machine.via_head and self.tunnel else None

    @asynccontextmanager
    async def login(self, machine: Machine) -> AsyncIterator[SSHClientConnection]:
        """A connection while the body runs. Raises Barred, or OSError where nothing answers."""
        through = await self._through(machine)
        async with connect.connected(self.access, machine, through) as connection:
            yield connection

    async def shut_down(self, machine: Machine) -> Shutdown:
        """Shut a machine down, and wait until it is. What cannot be done is told in the result."""
        try:
            answer = await self.answer(machine)
        except Barred as error:
            return Shutdown(End.BARRED, error.message)
        if answer is Answer.CANNOT_TELL:
            return Shutdown(End.BARRED, f"{', '.join(machine.addresses)} cannot be reached from here")
        if answer is not Answer.SSH:
            return Shutdown(End.SILENT)
        try:
            await self._order(machine)
            silent = await self.wait_until_silent(machine)
        except Barred as error:
            return Shutdown(End.BARRED, error.message)
        except OSError as error:
            return Shutdown(End.BARRED, f"ssh to `{machine.name}` failed: {cause(error)}")
        if not silent:
            return Shutdown(End.SLOW, f"ssh still answers after {self.sequence.down_within:g} s")
        await asyncio.sleep(self.sequence.settle)
        return Shutdown(End.SHUT)

    async def wait_until_silent(self, machine: Machine) -> bool:
        """Wait until ssh does not answer any more; whether that was in time. Who cannot be asked has not."""
        try:
            async with asyncio.timeout(self.sequence.down_within):
                while await self.answer(machine) in (Answer.SSH, Answer.CANNOT_TELL):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False
        return True

    async def _order(self, machine: Machine) -> None:
        """Run the command that shuts down. That the connection ends under it is how it should be."""
        import asyncssh

        ssh = self.access.ssh
        async with self.login(machine) as connection:
            try:
                done = await connection.run(ssh.poweroff, stdin=asyncssh.DEVNULL, timeout=ssh.timeout)
            except (asyncssh.DisconnectError, asyncssh.TimeoutError, ConnectionError):
                return
            except asyncssh.Error as error:
                raise Barred(f"`{machine.name}` starts no command: {error.reason.lower()}") from None
            if done.exit_status:
                said = str(done.stderr or done.stdout or "").strip().splitlines()
                what = f": {said[-1]}" if said else ""
                raise Barred(f"`{ssh.poweroff}` ended with {done.exit_status} on `{machine.name}`{what}")
