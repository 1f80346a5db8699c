# SPDX-License-Identifier: Apache-2.0
"""A node of the emulator that boots what is published to it, as a test sees it: U-Boot, serial log, ssh."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builder.boot.netboot.head import Head, port
from builder.boot.netboot.machine import MEMORY, PACKAGE, UBOOT, prepare
from builder.boot.netboot.tools import TOOLS
from builder.head.node.inventory import Node
from builder.host.emulator import unattended
from tests.boot.guest import Guest
from tests.boot.login import Login
from tests.needs import needs_file, needs_root_for_nfs, needs_tool

NEEDS = [
    pytest.mark.boot,
    needs_tool("ssh", *TOOLS),
    needs_file(str(UBOOT), PACKAGE),
    needs_root_for_nfs,
]
"""Marks of a test that boots what is published."""

# Three times what was measured on two busy cores.
SSH_SECONDS = 450
_KERNEL = "Starting kernel"
_GIVEN_UP = "this node starts again"


@dataclass(frozen=True)
class Booted:
    """A node that answers; bytes that came over its port until then, by the protocol that brought them."""

    head: Head
    node: Node
    guest: Guest
    login: Login
    tftp: int
    nfs: int


LOGS: list[Path] = []
"""Folders of what runs: each failure copies their logs."""


@contextmanager
def powered(
    head: Head,
    node: Node,
    name: str,
    card: Path | None = None,
    *,
    memory: int = MEMORY,
    words: Sequence[str] = (),
) -> Iterator[Guest]:
    """The node has power while the body runs, and this card in its slot; `words` are the emulator's."""
    folder = head.folder / name
    folder.mkdir()
    log, said = folder / "serial.log", folder / "emulator.log"
    machine = replace(prepare(head, node, folder, log), card=card, memory=memory)
    LOGS[:] = [head.folder, folder]
    started = time.monotonic()
    with unattended(head.lan.within(*machine.argv(), *words), said) as process:
        yield Guest(process, 22, log, said, started)


def until_ssh(head: Head, node: Node, guest: Guest, key: Path) -> Booted:
    """Wait until the node that was switched on can be logged in to."""
    before = head.lan.received(port(node))
    guest.until(lambda: _has_come_to(guest, _KERNEL), "kernel", seconds=SSH_SECONDS, pause=0.5)
    tftp = head.lan.received(port(node)) - before
    login = until_login(head, node, guest, key)
    return Booted(head, node, guest, login, tftp, head.lan.received(port(node)) - before - tftp)


def until_login(head: Head, node: Node, guest: Guest, key: Path) -> Login:
    """Wait until one can log in, by the host key that the operator is told."""
    known = guest.log.with_name("known_hosts")
    known.write_text("".join(f"{line}\n" for line in head.known_hosts()))
    login = Login(head.lan, node.address, key, known)
    guest.until(lambda: _has_come_to(guest, "") and login.answers(), "ssh", seconds=SSH_SECONDS)
    return login


def _has_come_to(guest: Guest, words: str) -> bool:
    """Whether its console has said `words`; AssertionError when U-Boot or the initramfs has given up."""
    said = guest.serial()
    assert _GIVEN_UP not in said, guest.story("the node gave up")
    return words in said


def keep_logs() -> Path:
    """Copy the logs of what runs to where they outlive the tests: NODEBAKE_TEST_LOGS, or where they are."""
    place = os.environ.get("NODEBAKE_TEST_LOGS")
    if not place:
        return LOGS[-1]
    target = Path(place).absolute() / LOGS[-1].name
    target.mkdir(parents=True, exist_ok=True)
    for log in (log for folder in LOGS for log in folder.glob("*.log")):
        shutil.copy(log, target)
    return target
