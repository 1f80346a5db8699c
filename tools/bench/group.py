# SPDX-License-Identifier: Apache-2.0
"""A control group to account by: nothing started in it escapes, whatever namespace it goes into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Group:
    """A cgroup of version 2 below our own. Without a controller too, it has a `cpu.stat`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._place = home / f"nodebake-bench-{os.getpid()}"

    @contextmanager
    def joined(self) -> Iterator[None]:
        """What is started in the body belongs to the group, and so do its descendants."""
        (self._place / "cgroup.procs").write_text(str(os.getpid()))
        try:
            yield
        finally:
            (self._home / "cgroup.procs").write_text(str(os.getpid()))

    @property
    def stat(self) -> Path:
        """The file that `usage` reads; everybody may."""
        return self._place / "cpu.stat"

    def spent(self) -> float:
        """Processor seconds of all that ever ran in it."""
        return usage(self.stat.read_text())

    def __enter__(self) -> Group:
        self._place.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        # A process of it that has not been reaped yet keeps it alive; it is empty, so it does no harm.
        with suppress(OSError):
            self._place.rmdir()


def find() -> Group | None:
    """A group that we may make, or None: then only what is waited for is accounted."""
    home = own(Path("/proc/self/mounts").read_text(), Path("/proc/self/cgroup").read_text())
    if home is None:
        return None
    try:
        with Group(home) as group, group.joined():
            group.spent()
    except OSError:
        return None
    return Group(home)


def own(mounts: str, membership: str) -> Path | None:
    """Our own group's folder in the hierarchy of version 2."""
    points = [row.split()[1] for row in mounts.splitlines() if row.split()[2] == "cgroup2"]
    paths = [row[3:] for row in membership.splitlines() if row.startswith("0::")]
    if not points or not paths:
        return None
    return Path(points[0]) / paths[0].lstrip("/")


def usage(stat: str) -> float:
    """Seconds of user and system time in a `cpu.stat`."""
    rows = dict(line.split() for line in stat.splitlines())
    return (int(rows["user_usec"]) + int(rows["system_usec"])) / 1e6
