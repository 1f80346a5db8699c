# SPDX-License-Identifier: Apache-2.0
"""The one door to other programs.

A minimal environment, stdin closed, output kept, death with the parent; not-found, signal and exit
code told apart; and a command line that can be pasted.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError, NodebakeError
from builder.host.linux import die_with_parent

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_ON = ("HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Finished:
    """A program that ran: its exit code and what it wrote (empty where it went to a log)."""

    code: int
    stdout: bytes
    stderr: bytes


class CommandFailed(NodebakeError):
    """A program that ended with another code than 0. `code` is negative for a signal."""

    def __init__(self, argv: Sequence[str], code: int, tail: str, log: Path | None) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        facts = [f"command: {shlex.join(argv)}", *(f"| {line}" for line in tail.splitlines())]
        super().__init__(
            f"`{Path(argv[0]).name}` {how}", facts=facts, hint=f"the whole log: {log}" if log else None
        )
        self.code = code


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The least that programs need: a PATH, a neutral locale and time zone, the proxy's settings."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", **kept, **(extra or {})}


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    log: Path | None = None,
    check: bool = True,
    inside: Callable[[], None] | None = None,
) -> Finished:
    """Run a program to its end.

    With `log`, both outputs are appended there instead of being returned. `env` is added to the
    minimal environment. `inside` runs in the child before the program, e.g. to enter a root.
    Raises LackingError when there is no such program, CommandFailed when it fails and `check`.
    """

    def prepare() -> None:
        die_with_parent()
        if inside:
            inside()

    sink = log.open("ab") if log else None
    start = sink.tell() if sink else 0
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=environment(env),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=sink or subprocess.PIPE,
            stderr=sink or subprocess.PIPE,
            preexec_fn=prepare,
            check=False,
        )
    except FileNotFoundError as error:
        raise LackingError(
            f"`{argv[0]}` is not installed", hint="run `tools/setup`, it prints the packages that are missing"
        ) from error
    finally:
        if sink:
            sink.close()
    if check and done.returncode:
        written = _since(log, start) if log else done.stderr + done.stdout
        raise CommandFailed(argv, done.returncode, _tail(written), log)
    return Finished(done.returncode, done.stdout or b"", done.stderr or b"")


@contextmanager
def start(
    argv: Sequence[str],
    *,
    log: Path,
    inside: Callable[[], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a program while the body runs; leaving waits for it, or kills it when the body raised."""

    def prepare() -> None:
        die_with_parent()
        if inside:
            inside()

    with log.open("ab") as sink:
        process = subprocess.Popen(
            argv, env=environment(env), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, preexec_fn=prepare
        )
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait():
        raise CommandFailed(argv, process.returncode, _tail(log.read_bytes()), log)


def find(*names: str) -> Path | None:
    """The first of these programs that is installed."""
    for name in names:
        for folder in PATH.split(":"):
            candidate = Path(folder) / name
            if os.access(candidate, os.X_OK):
                return candidate
    return None


def _since(log: Path, start: int) -> bytes:
    with log.open("rb") as stream:
        stream.seek(start)
        return stream.read()


def _tail(output: bytes, lines: int = 12) -> str:
    return "\n".join(output.decode(errors="replace").splitlines()[-lines:])
