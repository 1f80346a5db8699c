# SPDX-License-Identifier: Apache-2.0
"""The head over ssh: one connection for all calls and files. Its host key must be known."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import asyncssh

from builder.deploy.remote import no_command, quoted
from builder.errors import LackingError, NodebakeError
from builder.report.report import Report

T = TypeVar("T")
Process = asyncssh.SSHClientProcess[bytes]
_CHUNK = 1 << 18
_PATIENCE = 30
"""Seconds until a connection stands."""
_ANEW = ("manifest.json", "manifest.json.sig")
"""Files that may differ while their names and sizes do not: one signature is as long as another."""
_GONE = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)
_BROKEN = (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


@dataclass(frozen=True)
class Address:
    """`user@host:port` as `--head` takes it; empty user: whoever ssh would take.

    `key` is the private key of the inventory's `ssh:`; ssh's agent and usual keys are tried besides.
    """

    host: str
    user: str = ""
    port: int = 22
    key: Path | None = None

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port != 22 else "")


class Ssh:
    """Runs commands on the head and brings files there."""

    def __init__(self, name: str, runner: asyncio.Runner, connection: asyncssh.SSHClientConnection) -> None:
        self.name = name
        self._runner, self._connection = runner, connection

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it. Raises ConnectionLost where a stream ends as a socket does."""
        try:
            return self._runner.run(work)
        except OSError as error:
            if isinstance(error, ConnectionError) or error.errno in _GONE:
                raise asyncssh.ConnectionLost(str(error)) from error
            raise

    def lines(self, argv: Sequence[str]) -> Iterator[str]:
        process = self._run(_start(self._connection, argv))
        while line := self._run(process.stdout.readline()):
            yield line.decode(errors="replace")
        self._run(self._over(process))

    @contextmanager
    def kept(self, argv: Sequence[str]) -> Iterator[Iterator[str]]:
        process = self._run(_start(self._connection, argv))

        def lines() -> Iterator[str]:
            while line := self._run(process.stdout.readline()):
                yield line.decode(errors="replace")

        try:
            yield lines()
        finally:
            # Who is gone has let go already.
            with suppress(OSError):
                process.stdin.write_eof()
            self._run(process.wait_closed())

    def bring(self, files: Sequence[Path], folder: str, report: Report) -> str:
        return self._run(_upload(self._connection, files, folder, report))

    def note(self, path: str, data: bytes) -> str:
        return self._run(_write(self._connection, path, data))

    def fetch(self, path: str) -> bytes:
        return self._run(_read(self._connection, path))

    def forget(self, folder: str) -> None:
        self._run(_remove(self._connection, folder))

    def save(self, argv: Sequence[str], stream: IO[bytes]) -> None:
        self._run(self._pump(argv, None, stream))

    def feed(self, argv: Sequence[str], stream: IO[bytes]) -> str:
        return self._run(self._pump(argv, stream, None))

    async def _pump(self, argv: Sequence[str], source: IO[bytes] | None, sink: IO[bytes] | None) -> str:
        process = await _start(self._connection, argv)
        # Who takes no more says why, or is gone: both are told by what comes of it.
        with suppress(BrokenPipeError):
            while source and (chunk := source.read(_CHUNK)):
                process.stdin.write(chunk)
                await process.stdin.drain()
            process.stdin.write_eof()
        while data := await process.stdout.read(_CHUNK):
            if sink:
                sink.write(data)
        return await self._over(process)

    async def _over(self, process: Process) -> str:
        """Wait for its end; what it wrote to stderr. Raises NodebakeError when it failed.

        Raises ConnectionLost where its end was not told: what came of it is not known then.
        """
        told = (await process.stderr.read()).decode(errors="replace")
        code = (await process.wait(check=False)).exit_status
        if code is None:
            raise asyncssh.ConnectionLost("the connection ended before the command did")
        if code:
            raise no_command(self.name, told.splitlines(), code)
        return told


@contextmanager
def opened(address: Address) -> Iterator[Ssh]:
    """A connection for the time of a `with`. Raises LackingError where none can be had."""
    with asyncio.Runner() as runner:
        try:
            connection = runner.run(_connect(address))
        except (OSError, asyncssh.Error, TimeoutError) as error:
            raise _unreachable(address, error) from error
        try:
            yield Ssh(str(address), runner, connection)
        except asyncssh.Error as error:
            raise _ended(address, error) from error
        finally:
            connection.close()
            runner.run(connection.wait_closed())


async def _start(connection: asyncssh.SSHClientConnection, argv: Sequence[str]) -> Process:
    return await connection.create_process(quoted(argv), encoding=None)


async def _connect(address: Address) -> asyncssh.SSHClientConnection:
    if key := _key(address):
        # Alone: after the sixth key of a full agent a server hangs up.
        with suppress(asyncssh.PermissionDenied):
            return await _logged_in(address, client_keys=[key], agent_path=None)
    return await _logged_in(address)


def _key(address: Address) -> asyncssh.SSHKey | None:
    """The inventory's key; none where it is not there or not ours to read: others may let us in."""
    if address.key:
        # One with a passphrase is for ssh's agent.
        with suppress(OSError, asyncssh.KeyImportError):
            return asyncssh.read_private_key(address.key)
    return None


async def _logged_in(address: Address, **more: Any) -> asyncssh.SSHClientConnection:
    named = {"username": address.user} if address.user else {}
    return await asyncssh.connect(
        address.host, address.port, connect_timeout=_PATIENCE, keepalive_interval=15, **named, **more
    )


def _ended(address: Address, error: asyncssh.Error) -> NodebakeError:
    if isinstance(error, asyncssh.SFTPError) and not isinstance(error, _BROKEN):
        return NodebakeError(
            f"{address} does not take, or give, a file of its user's",
            facts=[error.reason],
            hint="is there room on its disk (`df -h`), and may the user write to its own home?",
        )
    return NodebakeError(
        f"the connection to {address} broke off",
        facts=[error.reason],
        hint="run it again, it goes on; a rollout does so by: nodebake rollout resume",
    )


def _unreachable(address: Address, error: Exception) -> LackingError:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return LackingError(
            f"the host key of {address} is not known",
            facts=[str(error)],
            hint=f"compare it on the head's own screen, then: ssh {address.user or 'USER'}@{address.host}",
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return LackingError(
            f"{address} does not let us in",
            facts=[str(error)],
            hint=f"ssh-copy-id {address.user}@{address.host}",
        )
    return LackingError(
        f"{address} cannot be reached",
        facts=[str(error) or type(error).__name__],
        hint="is the head on? cluster.yaml names its address; `--head USER@HOST` names another",
    )


async def _upload(
    connection: asyncssh.SSHClientConnection, files: Sequence[Path], folder: str, report: Report
) -> str:
    """Send what is not there yet. What broke off goes on where it ended: the head checks every hash."""
    async with connection.start_sftp_client() as sftp:
        await sftp.makedirs(folder, exist_ok=True)
        for path in files:
            size = path.stat().st_size
            place = f"{folder}/{path.name}"
            kept = path.name not in _ANEW
            if kept and await sftp.exists(place) and await sftp.getsize(place) == size:
                continue
            partial = f"{place}.part"
            there = await sftp.getsize(partial) if kept and await sftp.exists(partial) else 0
            there = there if there is not None and there <= size else 0
            with report.bytes_bar(path.name, size) as bar, path.open("rb") as reading:
                reading.seek(there)
                bar.advance(there)
                async with sftp.open(partial, "ab" if there else "wb") as writing:
                    while chunk := reading.read(_CHUNK):
                        await writing.write(chunk)
                        bar.advance(len(chunk))
            await sftp.posix_rename(partial, place)
        return str(await sftp.realpath(folder))


async def _write(connection: asyncssh.SSHClientConnection, path: str, data: bytes) -> str:
    async with connection.start_sftp_client() as sftp:
        await sftp.makedirs(path.rpartition("/")[0], exist_ok=True)
        async with sftp.open(path, "wb") as stream:
            await stream.write(data)
        return str(await sftp.realpath(path))


async def _read(connection: asyncssh.SSHClientConnection, path: str) -> bytes:
    async with connection.start_sftp_client() as sftp, sftp.open(path, "rb") as stream:
        data: bytes = await stream.read()
        return data


async def _remove(connection: asyncssh.SSHClientConnection, folder: str) -> None:
    async with connection.start_sftp_client() as sftp:
        if await sftp.exists(folder):
            await sftp.rmtree(folder)
