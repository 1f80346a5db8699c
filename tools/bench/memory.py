# SPDX-License-Identifier: Apache-2.0
"""The memory of a process and all its descendants, by looking again and again.

PSS and not RSS: a page that several processes share is counted once among them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.1
_PROC = Path("/proc")


@dataclass(frozen=True)
class Peak:
    """The highest sum in bytes, how often it was looked, and the names of who held most of it.

    `tmpfs` is what files in memory took at most, on the whole machine and above what they had taken before.
    """

    bytes: int
    looks: int
    holders: tuple[str, ...]
    tmpfs: int


def watch(root: int, alive: Callable[[], bool]) -> Peak:
    """Look at `root` and what descends from it every INTERVAL seconds while it is alive."""
    most, looks, tmpfs = 0, 0, 0
    holders: tuple[str, ...] = ()
    before = shared((_PROC / "meminfo").read_text())
    while alive():
        looks += 1
        tmpfs = max(tmpfs, shared((_PROC / "meminfo").read_text()) - before)
        held = {pid: pss(pid) for pid in descendants(root, parents())}
        if sum(held.values()) > most:
            most = sum(held.values())
            largest = sorted(held, key=lambda pid: -held[pid])[:3]
            holders = tuple(f"{name(pid)} {held[pid] >> 20} MiB" for pid in largest)
        time.sleep(INTERVAL)
    return Peak(most, looks, holders, tmpfs)


def parents() -> dict[int, int]:
    """Process → parent, of all processes."""
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            # It may have ended in between.
            with suppress(OSError):
                found[int(folder.name)] = parent(folder.joinpath("stat").read_text())
    return found


def parent(stat: str) -> int:
    """The parent in /proc/PID/stat; the name before it is in parentheses and may hold anything."""
    return int(stat.rpartition(")")[2].split()[1])


def descendants(root: int, table: dict[int, int]) -> Iterable[int]:
    """`root` and all whose line of parents leads to it."""
    children: dict[int, list[int]] = {}
    for pid, its_parent in table.items():
        children.setdefault(its_parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, ())
    return found


def pss(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    with suppress(OSError):
        return proportional((_PROC / str(pid) / "smaps_rollup").read_text())
    return 0


def proportional(rollup: str) -> int:
    """The sum of PSS in a `smaps_rollup`, in bytes."""
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(match[1]) << 10 if match else 0


def shared(meminfo: str) -> int:
    """What files in memory take, by `/proc/meminfo`, in bytes."""
    match = re.search(r"^Shmem:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(match[1]) << 10 if match else 0


def name(pid: int) -> str:
    """What the process is called."""
    with suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return "?"
