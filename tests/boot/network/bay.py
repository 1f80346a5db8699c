# SPDX-License-Identifier: Apache-2.0
"""A node in its bay: an emulator that runs while there is power, switched by a simulated control plane.

Each start is a process and a serial log of its own, as each is a boot of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from builder.host.emulator import unattended
from builder.host.lan import Lan
from tests.boot.guest import PAINT
from tests.boot.network.firmware import Firmware
from tests.unit.rules.source import ROOT

URL = "ws://10.42.0.250:1236"
_GLANCE = 0.2
_OFF = "reboot: Power down"


@dataclass(frozen=True)
class Boot:
    """One start: where from (`card` or `network`), and the log of its serial port."""

    source: str
    log: Path

    def said(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return PAINT.sub("", text)


@dataclass
class Bay:
    """The node's power; `boots` has each start since the first."""

    firmware: Firmware
    boots: list[Boot] = field(default_factory=list)
    _power: Event = field(default_factory=Event)
    _runs: Thread | None = None

    def switch(self, on: bool) -> None:
        """Give power, or cut it."""
        if not on:
            self._power.clear()
            if self._runs:
                self._runs.join()
        elif not self._power.is_set():
            self._power.set()
            self._runs = Thread(target=self._run, name="bay")
            self._runs.start()

    def _run(self) -> None:
        lan, folder = self.firmware.head.lan, self.firmware.folder
        while self._power.is_set():
            log = folder / f"serial-{len(self.boots) + 1}.log"
            source, machine = self.firmware.machine(log)
            self.boots.append(Boot(source, log))
            # A reset ends the process: what it boots then is for the firmware to say.
            argv = lan.within(*machine.argv(), "-no-reboot")
            with unattended(argv, folder / "emulator.log") as process:
                while process.poll() is None and self._power.is_set():
                    time.sleep(_GLANCE)
            if _OFF in self.boots[-1].said():
                return


@contextmanager
def powered_by_simulator(lan: Lan, bays: dict[int, Bay]) -> Iterator[None]:
    """While the body runs, a control plane listens at `URL` in that network and switches the bays."""
    argv = lan.within(sys.executable, "-m", "tests.boot.network.control_plane", URL)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        listener = Thread(target=_obey, args=(process, bays), name="control plane")
        listener.start()
        try:
            yield
        finally:
            process.terminate()
            listener.join()
            for bay in bays.values():
                bay.switch(on=False)


def _obey(process: subprocess.Popen[str], bays: dict[int, Bay]) -> None:
    assert process.stdout
    for line in process.stdout:
        number, word = line.split()
        if int(number) in bays:
            bays[int(number)].switch(on=word == "on")
