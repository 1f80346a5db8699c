# SPDX-License-Identifier: Apache-2.0
"""Which ids of this machine stand for 0-65535 inside a build's user namespace."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError
from builder.host.process import run

COUNT = 65536
# Above the ranges that useradd and systemd's containers hand out.
ROOT_RANGE = 0x70000000


@dataclass(frozen=True)
class IdMap:
    """Lines of uid_map and gid_map: (inside, outside, count)."""

    uids: tuple[tuple[int, int, int], ...]
    gids: tuple[tuple[int, int, int], ...]

    @property
    def root(self) -> int:
        """The uid outside that is 0 inside."""
        return self.uids[0][1]

    def apply(self, pid: int) -> None:
        """Map the fresh user namespace of the process `pid`."""
        if os.geteuid() == 0:
            for name, lines in (("uid_map", self.uids), ("gid_map", self.gids)):
                text = "".join(f"{a} {b} {c}\n" for a, b, c in lines)
                Path(f"/proc/{pid}/{name}").write_text(text)
            return
        for program, lines in (("newuidmap", self.uids), ("newgidmap", self.gids)):
            run([program, str(pid), *(str(n) for line in lines for n in line)])


def id_map() -> IdMap:
    """The map for whoever runs this.

    An ordinary user is 0 inside, and his subordinate ids are the rest; for root it is a high
    range, so that nothing inside is root outside. Raises LackingError when there is no range.
    """
    if os.geteuid() == 0:
        return IdMap(_root_rows("uid"), _root_rows("gid"))
    user = pwd.getpwuid(os.geteuid()).pw_name
    return IdMap(
        ((0, os.geteuid(), 1), (1, _range("/etc/subuid", user), COUNT - 1)),
        ((0, os.getegid(), 1), (1, _range("/etc/subgid", user), COUNT - 1)),
    )


def _root_rows(kind: str) -> tuple[tuple[int, int, int], ...]:
    """Root's rows: a high range, or in a container, whose root is nobody outside, its own ids."""
    lines = Path(f"/proc/self/{kind}_map").read_text().splitlines()
    rows = sorted((int(first), int(count)) for first, _, count in map(str.split, lines))
    if any(first <= ROOT_RANGE and first + count >= ROOT_RANGE + COUNT for first, count in rows):
        return ((0, ROOT_RANGE, COUNT),)
    # The kernel takes a row only where it lies within one of the container's own.
    own = [(first, first, min(count, COUNT - first)) for first, count in rows if first < COUNT]
    if sum(count for _, _, count in own) == COUNT:
        return tuple(own)
    raise LackingError(
        f"this container has fewer than {COUNT} {kind}s",
        facts=["a build runs in a user namespace, and the files of a tree need their owners"],
        hint="start the container with a whole range of subordinate ids",
    )


def _range(path: str, user: str) -> int:
    """The start of the user's range of subordinate ids."""
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        owner, _, rest = line.partition(":")
        start, _, count = rest.partition(":")
        numbers = start.isdecimal() and count.isdecimal()
        if owner in (user, str(os.geteuid())) and numbers and int(count) >= COUNT - 1:
            return int(start)
    kind = "uid" if "uid" in path else "gid"
    raise LackingError(
        f"user `{user}` has no range of {COUNT} subordinate {kind}s in {path}",
        facts=["a build runs in a user namespace, and the files of a tree need their owners"],
        hint=f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}",
    )
