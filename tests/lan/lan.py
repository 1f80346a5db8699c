# SPDX-License-Identifier: Apache-2.0
"""The LAN as a test sees it: boards boot when told, and dnsmasq's log grows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Lan:
    """`log` is dnsmasq's."""

    log: Path
    _orders: IO[str]
    _answers: IO[str]

    def start(self, mac: str, serial: str, *, kernel: bool = False) -> None:
        """The board gets power. Boards boot one after another."""
        self._orders.write(f"{mac} {serial}{' kernel' if kernel else ''}\n")
        self._orders.flush()

    def booted(self) -> tuple[str, str]:
        """The MAC address and the address of the next board that is through; `-` when it was offered none."""
        mac, address = self._answers.readline().split()
        return mac, address

    def boot(self, mac: str, serial: str, *, kernel: bool = False) -> str:
        """The address of a board that boots now."""
        self.start(mac, serial, kernel=kernel)
        return self.booted()[1]


@contextmanager
def lan(folder: Path, hosts: Mapping[str, str], *options: str) -> Iterator[Lan]:
    """A LAN whose dnsmasq knows these hosts: MAC address to `NAME,ADDRESS`."""
    (folder / "hosts").write_text("".join(f"{mac},{host},infinite\n" for mac, host in hosts.items()))
    (folder / "tftp").mkdir()
    (folder / "tftp/bootcode.bin").write_bytes(bytes(3000))
    (folder / "tftp/start.elf").write_bytes(b"start")
    namespaces = ("--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    inside = (sys.executable, "-m", "tests.lan.inside", str(folder), *options)
    with subprocess.Popen(
        ["timeout", "120", "unshare", *namespaces, *inside],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Lan(folder / "log", process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(30) == 0
