# SPDX-License-Identifier: Apache-2.0
"""The way to machines by ssh with their host keys checked, and shutting them down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cluster.cluster import Cluster, Node
from builder.power.knock import Answer, cause, knock
from builder.power.outlet import PowerError
from builder.power.power_file import SequenceModel, SshModel

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHKey

    from builder.power.tunnel import Tunnel

_POLL = 0.5  # seconds between two knocks


@dataclass(frozen=True)
class Machine:
    """A machine that can be logged in to, at any of its addresses."""

    name: str
    addresses: tuple[str, ...]
    user: str
    direct: bool = False
    """Reached from here, and never by way of the head."""


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


class Barred(PowerError):
    """A machine answers, and we may not do there what we want."""


@dataclass(frozen=True)
class Reach:
    """The way to machines by ssh. Paths of the settings are relative to `root`.

    `tunnel` leads through the head, where other machines are reached that way.
    """

    ssh: SshModel
    sequence: SequenceModel
    root: Path
    tunnel: Tunnel | None = None

    def machine(self, node: Node) -> Machine:
        """A node, to log in to."""
        return Machine(node.name, (str(node.address),), self.ssh.user)

    async def answer(self, machine: Machine) -> Answer:
        """Whether a machine's ssh answers now, at whichever address."""
        return min((answer for answer, _ in await self._answers(machine)), key=list(Answer).index)

    async def _answers(self, machine: Machine) -> list[tuple[Answer, str]]:
        through = await self._through(machine)
        knocks = (knock(address, self.ssh.port, self.ssh.timeout, through) for address in machine.addresses)
        return list(zip(await asyncio.gather(*knocks), machine.addresses, strict=True))

    async def _through(self, machine: Machine) -> SSHClientConnection | None:
        """What leads to a machine, when it is not reached from here."""
        return None if machine.direct or self.tunnel is None else await self.tunnel.connection()

    async def _way(self, machine: Machine) -> str:
        """The address to log in at: one whose ssh answers, if there is a choice."""
        first, *others = machine.addresses
        answers = await self._answers(machine) if others else []
        return next((address for answer, address in answers if answer is Answer.SSH), first)

    @asynccontextmanager
    async def login(self, machine: Machine) -> AsyncIterator[SSHClientConnection]:
        """A connection while the body runs. Raises Barred, or OSError where nothing answers."""
        import asyncssh

        hosts, through, address = self._known_hosts, await self._through(machine), await self._way(machine)
        try:
            connection = await asyncssh.connect(
                address,
                self.ssh.port,
                tunnel=through,
                username=machine.user,
                known_hosts=str(hosts),
                host_key_alias=machine.name,
                client_keys=[self._key] if self._key else (),
                agent_path=None if self._key else (),
                config=None,
                connect_timeout=self.ssh.timeout,
                login_timeout=self.ssh.timeout,
            )
        except asyncssh.HostKeyNotVerifiable:
            raise Barred(
                f"the host key of `{machine.name}` at {address} is not the one in `{hosts}`",
                hint="if the machine was made anew, replace its line; else find out who answers there",
            ) from None
        except asyncssh.PermissionDenied:
            hint = "is its key in the image, and `ssh: {user: …, key: …}` right?"
            raise Barred(f"`{machine.name}` does not let `{machine.user}` in", hint=hint) from None
        except asyncssh.Error as error:
            raise Barred(f"ssh to `{machine.name}` failed: {error.reason.lower()}") from None
        async with connection:
            yield connection

    async def shut_down(self, machine: Machine) -> Shutdown:
        """Shut a machine down, and wait until it is. What cannot be done is told in the result."""
        answer = await self.answer(machine)
        if answer is Answer.CANNOT_TELL:
            return Shutdown(End.BARRED, f"{', '.join(machine.addresses)} cannot be reached from here")
        if answer is not Answer.SSH:
            return Shutdown(End.SILENT)
        try:
            await self._order(machine)
        except Barred as error:
            return Shutdown(End.BARRED, error.message)
        except OSError as error:
            return Shutdown(End.BARRED, f"ssh to `{machine.name}` failed: {cause(error)}")
        if not await self.wait_until_silent(machine):
            return Shutdown(End.SLOW, f"ssh still answers after {self.sequence.down_within:g} s")
        await asyncio.sleep(self.sequence.settle)
        return Shutdown(End.SHUT)

    async def wait_until_silent(self, machine: Machine) -> bool:
        """Wait until ssh does not answer any more; whether that was in time."""
        try:
            async with asyncio.timeout(self.sequence.down_within):
                while await self.answer(machine) is Answer.SSH:
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False
        return True

    async def _order(self, machine: Machine) -> None:
        """Run the command that shuts down. That the connection ends under it is how it should be."""
        import asyncssh

        async with self.login(machine) as connection:
            try:
                done = await connection.run(
                    self.ssh.poweroff, stdin=asyncssh.DEVNULL, timeout=self.ssh.timeout
                )
            except (asyncssh.ConnectionLost, asyncssh.DisconnectError, asyncssh.TimeoutError):
                return
            if done.exit_status:
                said = str(done.stderr or done.stdout or "").strip().splitlines()
                what = f": {said[-1]}" if said else ""
                raise Barred(f"`{self.ssh.poweroff}` ended with {done.exit_status} on `{machine.name}`{what}")

    @cached_property
    def _known_hosts(self) -> Path:
        if self.ssh.known_hosts is None:
            raise Barred(
                "no file of host keys is named, so nobody is logged in to",
                hint="write `ssh: {known_hosts: FILE}` under `power:`, or cut the power at once: `--now`",
            )
        path = self.root / self.ssh.known_hosts
        if not path.is_file():
            raise Barred(f"the file of host keys, `{path}`, is not there")
        return path

    @cached_property
    def _key(self) -> SSHKey | None:
        import asyncssh

        if self.ssh.key is None:
            return None
        path = self.root / self.ssh.key
        try:
            return asyncssh.read_private_key(path)
        except FileNotFoundError:
            raise Barred(f"the key `{path}` is not there") from None
        except (OSError, asyncssh.KeyImportError) as error:
            hint = "a key with a passphrase is for ssh's agent: leave `key` out"
            raise Barred(f"the key `{path}` cannot be used: {error}", hint=hint) from None


def head_machine(cluster: Cluster) -> Machine:
    """The head, to log in to."""
    return Machine(cluster.head.name, addresses_of_head(cluster), cluster.head.user, direct=True)


def addresses_of_head(cluster: Cluster) -> tuple[str, ...]:
    """Its address in the cluster, and the one outside where there is one."""
    both = (cluster.head.address, cluster.head.outside)
    return tuple(str(address) for address in both if address is not None)
