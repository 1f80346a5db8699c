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
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from builder.errors import LackingError, NodebakeError
from builder.host.linux import die_with_parent

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WORD = 1 << 16
_DISK_FULL = (b"No space left on device", b"Disk quota exceeded")
PASSED_ON = ("HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Finished:
    """A program that ran: its exit code and what it wrote (empty where it went to a log)."""

    code: int
    stdout: bytes
    stderr: bytes


class CommandFailed(NodebakeError):
    """A program that ended with another code than 0. `code` is negative for a signal."""

    def __init__(self, argv: Sequence[str], code: int, output: bytes, log: Path | None) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        facts = [f"command: {shlex.join(argv)}", *(f"| {line}" for line in _tail(output))]
        super().__init__(
            f"`{Path(argv[0]).name}` {how}", facts=facts, hint=f"the whole log: {log}" if log else None
        )
        self.code = code
        self.disk_full = any(words in output for words in _DISK_FULL) or (log is not None and _is_full(log))
        """Whether it said that there was no room, in the words of the C library, whose locale is neutral, or
        where its log has no room for that either."""


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
    minimal environment. `inside` runs in the child before the program, e.g. to enter a root:
    it does system calls and nothing more.
    Raises LackingError when there is no such program, CommandFailed when it fails and `check`.
    """

    sink = log.open("ab") if log else None
    start = sink.tell() if sink else 0
    try:
        with spawn(
            argv,
            inside=inside,
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=sink or subprocess.PIPE,
            stderr=sink or subprocess.PIPE,
        ) as process:
            try:
                stdout, stderr = process.communicate(stdin)
            except BaseException:
                process.kill()
                raise
    except FileNotFoundError as error:
        raise LackingError(
            f"`{argv[0]}` is not installed", hint="run `tools/setup`, it prints the packages that are missing"
        ) from error
    finally:
        if sink:
            sink.close()
    if check and process.returncode:
        written = _since(log, start) if log else stderr + stdout
        raise CommandFailed(argv, process.returncode, written, log)
    return Finished(process.returncode, stdout or b"", stderr or b"")


@contextmanager
def start(
    argv: Sequence[str],
    *,
    log: Path,
    inside: Callable[[], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a program while the body runs; leaving waits for it, or kills it when the body raised."""
    with log.open("ab") as sink:
        process = spawn(
            argv, inside=inside, env=environment(env), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait():
        raise CommandFailed(argv, process.returncode, log.read_bytes(), log)


def feed(
    argv: Sequence[str],
    write: Callable[[IO[bytes]], None],
    *,
    log: Path,
    inside: Callable[[], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program that reads what `write` writes; both its outputs are appended to `log`.

    Raises as :func:`run` does.
    """
    with log.open("ab") as sink:
        start = sink.tell()
        process = spawn(
            argv, inside=inside, env=environment(env), stdin=subprocess.PIPE, stdout=sink, stderr=sink
        )
    assert process.stdin
    try:
        # A program that ends before it has read everything says why by its exit code.
        with suppress(BrokenPipeError), process.stdin as stream:
            write(stream)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait():
        raise CommandFailed(argv, process.returncode, _since(log, start), log)


class Stream:
    """A program whose stdout is read while it runs; its stderr is kept, up to a megabyte."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        assert process.stdout
        self.stdout: IO[bytes] = process.stdout
        self._process, self._errors = process, errors

    def end(self) -> tuple[int, str]:
        """Wait for it: its exit code and what it wrote to stderr."""
        code = self._process.wait()
        self._errors.seek(0)
        return code, self._errors.read(1 << 20).decode(errors="replace")

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        if self._process.poll() is None:
            # Root's, by sudo: it takes no signal of ours, and ends when nobody reads what it says.
            with suppress(PermissionError):
                self._process.terminate()
            self._process.wait()
        self._errors.close()


def stream(argv: Sequence[str], stdin: IO[bytes] | None = None) -> Stream:
    """Start a program whose output is wanted while it comes. Raises FileNotFoundError when there is none."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - the stream closes it
    try:
        process = spawn(
            argv, env=environment(), stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
    except BaseException:
        errors.close()
        raise
    return Stream(process, errors)


def spawn(
    argv: Sequence[str], *, inside: Callable[[], None] | None = None, **settings: Any
) -> subprocess.Popen[bytes]:
    """Start a program that dies with us; `settings` are Popen's.

    A terminal's ^C reaches the child too. Before it has become the program, Python would tell of it in
    there, in many lines: so the child takes it only when it dies of it without a word.
    """

    # Python warns of preexec_fn beside threads, as one may hold a lock at the fork. Nothing here takes one:
    # these are system calls. Only between fork and exec can PR_SET_PDEATHSIG be said; a program in between
    # would have to be in each root, and cost an exec more for each of a build's thousands.
    def prepare() -> None:
        die_with_parent()
        if inside:
            inside()
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, former)

    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(argv, preexec_fn=prepare, **settings)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def find(*names: str) -> Path | None:
    """The first of these programs that is installed."""
    for name in names:
        for folder in PATH.split(":"):
            candidate = Path(folder) / name
            if os.access(candidate, os.X_OK):
                return candidate
    return None


def _is_full(path: Path) -> bool:
    """Whether the disk of `path` has no room for more than a word."""
    try:
        status = os.statvfs(path)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _WORD


def _since(log: Path, start: int) -> bytes:
    with log.open("rb") as stream:
        stream.seek(start)
        return stream.read()


def _tail(output: bytes, lines: int = 12) -> list[str]:
    return output.decode(errors="replace").splitlines()[-lines:]
