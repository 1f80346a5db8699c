# SPDX-License-Identifier: Apache-2.0
"""A command, run and measured: processor time of all its processes, wall time, peak of memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.bench import memory
from tools.bench.figure import Spent
from tools.bench.group import Group


class Failed(Exception):
    """A measured command that did not end with 0."""


@dataclass
class Meter:
    """Runs commands. Of all that was measured it keeps the runs, to tell whether anything escaped."""

    group: Group | None
    log: Path
    runs: list[Spent] = field(default_factory=list)

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> tuple[Spent, str]:
        """What it took, and what it wrote to stdout. What was written before lies on the disk by then."""
        os.sync()
        with self.log.open("ab") as sink:
            began, before = time.monotonic(), self._grouped()
            process = self._start(argv, cwd, env, sink.fileno())
            assert process.stdout
            said = process.stdout.read().decode()
            _, status, used = os.wait4(process.pid, 0)
            ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        self._check(argv, process.returncode)
        waited = used.ru_utime + used.ru_stime
        spent = Spent(self._grouped() - before if self.group else waited, ended - began, waited)
        self.runs.append(spent)
        return spent, said

    def peak(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> memory.Peak:
        """The highest sum of memory of all its processes."""
        with self.log.open("ab") as sink:
            process = self._start(argv, cwd, env, sink.fileno(), keep=False)
            peak = memory.watch(process.pid, lambda: process.poll() is None)
        self._check(argv, process.returncode)
        return peak

    def _start(
        self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], sink: int, *, keep: bool = True
    ) -> subprocess.Popen[bytes]:
        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                argv,
                cwd=cwd,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if keep else sink,
                stderr=sink,
            )

        if not self.group:
            return start()
        with self.group.joined():
            return start()

    def _grouped(self) -> float:
        return self.group.spent() if self.group else 0.0

    def _check(self, argv: Sequence[str], code: int) -> None:
        if code:
            tail = self.log.read_bytes()[-2000:].decode(errors="replace")
            raise Failed(f"`{' '.join(argv)}` ended with {code}\n{tail}")
