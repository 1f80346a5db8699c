# SPDX-License-Identifier: Apache-2.0
"""Logging in by ssh: whose host keys are believed, with which key, and what keeps us out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cluster.ssh_file import SshModel
from builder.errors import NodebakeError
from builder.fleet.knock import Answer, knock
from builder.fleet.machine import Machine

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHKey, SSHKnownHosts

_ALIVE, _MISSED = 15, 7
"""Every so many seconds a machine is asked whether it is there; so many answers may be missing: a switch that
starts again ends nothing."""


class Barred(NodebakeError):
    """A machine answers, or might, and we may not do there what we want."""


@dataclass(frozen=True)
class Access:
    """How machines are logged in to. Paths of the settings are relative to `root`."""

    ssh: SshModel
    root: Path

    @property
    def hosts_file(self) -> Path:
        return self.root / self.ssh.known_hosts

    def require_hosts(self) -> None:
        """Raise Barred when there are no host keys, without reading them."""
        if not self.hosts_file.exists():
            raise Barred(
                f"the file of host keys, `{self.hosts_file}`, is not there",
                hint=f"`nodebake publish` writes it; by hand: nodebake head hosts > {self.hosts_file}",
            )

    @cached_property
    def hosts(self) -> SSHKnownHosts:
        """The host keys that are believed, read once for all connections."""
        import asyncssh

        self.require_hosts()
        try:
            return asyncssh.read_known_hosts(str(self.hosts_file))
        except (OSError, ValueError) as error:
            raise Barred(f"the file of host keys, `{self.hosts_file}`, cannot be read: {error}") from None

    @cached_property
    def key(self) -> SSHKey | None:
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


@asynccontextmanager
async def connected(
    access: Access, machine: Machine, through: SSHClientConnection | None = None
) -> AsyncIterator[SSHClientConnection]:
    """A connection while the body runs, by way of another where that is the way.

    Raises Barred, or OSError where nothing answers.
    """
    connection = await connect(access, machine, through)
    async with connection:
        yield connection


async def connect(
    access: Access, machine: Machine, through: SSHClientConnection | None = None
) -> SSHClientConnection:
    """The same, for the caller to close."""
    import asyncssh

    address = await _address(access, machine, through)
    trusted = _trusted(access, machine, address)
    try:
        return await asyncssh.connect(
            address,
            access.ssh.port,
            tunnel=through,
            username=machine.user,
            known_hosts=trusted,
            host_key_alias=machine.name,
            client_keys=[access.key] if access.key else (),
            agent_path=None if access.key else (),
            config=None,
            connect_timeout=access.ssh.timeout,
            login_timeout=access.ssh.timeout,
            # Who loses its power says no goodbye, and an order to it may take an hour.
            keepalive_interval=_ALIVE,
            keepalive_count_max=_MISSED,
        )
    except asyncssh.HostKeyNotVerifiable:
        raise Barred(
            f"the host key of `{machine.name}` at {address} is not the one in `{access.hosts_file}`",
            hint="if the machine was made anew, replace its line; else find out who answers there",
        ) from None
    except asyncssh.PermissionDenied:
        hint = "is its key in the image, and `ssh: {user: …, key: …}` right?"
        raise Barred(f"`{machine.name}` does not let `{machine.user}` in", hint=hint) from None
    except asyncssh.ChannelOpenError as error:
        # The way led through the head, and from there nothing was reached.
        raise OSError(f"from the head: {error.reason.lower()}") from None
    except asyncssh.Error as error:
        raise Barred(f"ssh to `{machine.name}` failed: {error.reason.lower()}") from None


async def answers(
    access: Access, machine: Machine, through: SSHClientConnection | None
) -> list[tuple[Answer, str]]:
    """What comes of a knock at each of its addresses."""
    knocks = (knock(address, access.ssh.port, access.ssh.timeout, through) for address in machine.addresses)
    return list(zip(await asyncio.gather(*knocks), machine.addresses, strict=True))


async def _address(access: Access, machine: Machine, through: SSHClientConnection | None) -> str:
    """The address to log in at: one whose ssh answers, if there is a choice."""
    first, *others = machine.addresses
    found = await answers(access, machine, through) if others else []
    return next((address for answer, address in found if answer is Answer.SSH), first)


def _trusted(access: Access, machine: Machine, address: str) -> SSHKnownHosts:
    """The known keys, of which there is one of the machine: who is not known is not even spoken to."""
    hosts = access.hosts
    matched = hosts.match(machine.name, address, access.ssh.port)
    if not any(matched[:2]):
        raise Barred(
            f"no host key of `{machine.name}` is known: `{access.hosts_file}` has none",
            hint="`nodebake head hosts` tells those of published nodes; any other is told by "
            f"`ssh-keyscan {address}`: compare it with the machine's own screen",
        )
    return hosts
