# SPDX-License-Identifier: Apache-2.0
"""A long-running program that has the terminal, or runs beside us; it ends when we do."""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder.errors import LackingError, NodebakeError
from builder.host.linux import die_with_parent, has_io_uring
from builder.host.process import CommandFailed, environment
from builder.host.terminal import terminal_as_it_was

LOOPBACK = "127.0.0.1"


def way_to_disks() -> str:
    """The emulator's word for how it reads and writes files that are disks: `io_uring` or `threads`.

    An emulated SD card asks for 512 bytes at a time. Handing each over to a thread takes three times as long.
    """
    return "io_uring" if has_io_uring() else "threads"


def attended(argv: Sequence[str]) -> None:
    """Run a program that has the terminal until it ends. Raises CommandFailed when it fails."""
    with terminal_as_it_was(), _started(argv, stdin=None, output=None) as process:
        code = process.wait()
    if code:
        raise CommandFailed(argv, code, b"", None)


@contextmanager
def unattended(argv: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the body runs, and end it then; what it says is appended to `log`."""
    with log.open("ab") as sink, _started(argv, stdin=subprocess.DEVNULL, output=sink.fileno()) as process:
        yield process


def loopback_port(wanted: int | None) -> int:
    """A port of 127.0.0.1 that nobody listens on: the wanted one, or any. Raises LackingError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted or 0))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "ports are numbers below 65536"
            raise LackingError(
                f"port `{wanted}` of {LOOPBACK} cannot be used: {why.lower()}",
                hint="name another one, or none: then a free one is taken",
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def _started(
    argv: Sequence[str], *, stdin: int | None, output: int | None
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            argv, env=environment(), stdin=stdin, stdout=output, stderr=output, preexec_fn=die_with_parent
        )
    except FileNotFoundError as error:
        raise LackingError(f"`{argv[0]}` is not installed") from error
    except OSError as error:
        raise NodebakeError(
            f"`{argv[0]}` could not be started: {error.strerror}", facts=[f"command: {shlex.join(argv)}"]
        ) from error
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
