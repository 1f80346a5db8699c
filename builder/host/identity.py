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
        return IdMap(*(((0, _root_range(kind), COUNT),) for kind in ("uid", "gid")))
    user = pwd.getpwuid(os.geteuid()).pw_name
    return IdMap(
        ((0, os.geteuid(), 1), (1, _range("/etc/subuid", user), COUNT - 1)),
        ((0, os.getegid(), 1), (1, _range("/etc/subgid", user), COUNT - 1)),
    )


def _root_range(kind: str) -> int:
    """Where root's range starts: high, or at 0 in a container, whose root is nobody outside anyway."""
    rows = [line.split() for line in Path(f"/proc/self/{kind}_map").read_text().splitlines()]
    for start in (ROOT_RANGE, 0):
        if any(int(first) <= start and start + COUNT <= int(first) + int(count) for first, _, count in rows):
            return start
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
