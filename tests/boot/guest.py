# SPDX-License-Identifier: Apache-2.0
"""A booted image, as its tests see it: a serial log and a shell."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from builder.boot.built import Built
from builder.boot.machine import BOARDS
from builder.boot.prepare import prepare
from builder.host.emulator import LOOPBACK, loopback_port, unattended
from builder.host.scratch import scratch

PANIC = re.compile(r"Kernel panic|^ALERT!|\(initramfs\)|emergency mode", re.MULTILINE)
PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Guest:
    """A machine that runs. `log` is what its serial port says, `words` what the emulator does."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    words: Path
    started: float

    def serial(self) -> str:
        """All that the serial port has said, without colours."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return PAINT.sub("", text)

    def until(self, done: Callable[[], bool], what: str, *, seconds: float, pause: float = 2) -> float:
        """Wait until `done`; the seconds since the start. AssertionError with the log's end else."""
        while not done():
            assert self.process.poll() is None, self.story(f"the emulator ended before {what}")
            assert not PANIC.search(self.serial()), self.story(f"the boot failed before {what}")
            assert self.seconds() < seconds, self.story(f"no {what} in {seconds:.0f} s")
            time.sleep(pause)
        return self.seconds()

    def seconds(self) -> float:
        """Seconds since the machine was switched on."""
        return time.monotonic() - self.started

    def story(self, what: str, lines: int = 40) -> str:
        """A failure with all that helps to understand it."""
        tail = "\n".join(self.serial().splitlines()[-lines:])
        said = self.words.read_text(errors="replace") if self.words.exists() else ""
        return f"{what}\nserial log: {self.log}\n{tail}\nemulator: {said or 'silent'}"


@dataclass(frozen=True)
class Shell:
    """Logging in to a guest by ssh."""

    guest: Guest
    user: str
    key: Path

    def ssh(self, command: str, *options: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command there; never asks anything."""
        return subprocess.run(
            [*self._login(*options), command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def put(self, file: Path, place: str) -> None:
        """Copy a file there."""
        with file.open("rb") as stream:
            subprocess.run(
                [*self._login(), f"cat >{shlex.quote(place)}"], stdin=stream, check=True, timeout=120
            )

    @contextmanager
    def forwarded(self, there: int, here: int) -> Iterator[None]:
        """While the body runs, the port `there` of the guest's loopback leads to the port `here` of ours."""
        options = ("-N", "-o", "ExitOnForwardFailure=yes", "-R", f"{LOOPBACK}:{there}:{LOOPBACK}:{here}")
        with subprocess.Popen(self._login(*options), stdin=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()

    def _login(self, *options: str) -> list[str]:
        settings = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
        fixed = [
            word for setting in (*settings, "LogLevel=ERROR", "ConnectTimeout=30") for word in ("-o", setting)
        ]
        words = ["ssh", "-F", "none", "-p", str(self.guest.port), "-i", str(self.key), *fixed, *options]
        return [*words, f"{self.user}@{LOOPBACK}"]

    def answers(self) -> bool:
        """Whether one can log in by now."""
        try:
            return self.ssh("true", seconds=60).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def tell(self, command: str, *, seconds: float = 120) -> str:
        """What a command writes; AssertionError when it fails."""
        done = self.ssh(command, seconds=seconds)
        assert done.returncode == 0, self.guest.story(
            f"`{command}` ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout.strip()


@contextmanager
def booted(image: Built, board: str, folder: Path, first: Sequence[str] = ()) -> Iterator[Guest]:
    """Boot an image, unmodified, while the body runs. The serial log stays in `folder`.

    `first` are words for the emulator that plug something in before the board's own devices.
    """
    log, words = folder / "serial.log", folder / "emulator.log"
    chosen = replace(BOARDS[board], devices=(*first, *BOARDS[board].devices))
    with scratch("boot-test") as files:
        port = loopback_port(None)
        machine = prepare(image, chosen, files, ssh_port=port, memory=chosen.memory, console=log)
        started = time.monotonic()
        with unattended(machine.argv(), words) as process:
            yield Guest(process, port, log, words, started)
