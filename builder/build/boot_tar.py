# SPDX-License-Identifier: Apache-2.0
"""The boot directory of a tree as `NAME.boot.tar`, the form in which TFTP serves it. Runs in the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from builder.build.bench import HELPER
from builder.host.chroot import into
from builder.host.process import run as run_program
from builder.host.worker import SHOWN
from builder.image.tools import fixed_environment
from builder.netboot.boot import BootTree, boot_tree
from builder.netboot.layers import BOOT
from builder.netboot.tar import Member, write
from builder.recipe.recipe import Board
from builder.tree.entry import Entry, Kind
from builder.tree.sourced import Sourced

_T = TypeVar("_T")
_PACKED = SHOWN / "packed"
# The mark of a bare arm64 kernel, and where it is. A 32-bit one unpacks itself.
_MARK_AT, _MARK = 56, b"ARM\x64"


def pack(order: Mapping[str, Any], found: Sequence[Sourced], *, own_root: bool) -> BootTree:
    """Write the boot tree of an order into its folder `out`; the helper must be mounted.

    `own_root`: the root is where the distribution's own command line finds it.
    """
    return _Packing(order["epoch"]).write(order, found, own_root)


def from_plain(kind: type[_T], plain: Mapping[str, Any]) -> _T:
    """A frozen value from its fields as JSON has them."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()})


@dataclass(frozen=True)
class _Packing:
    """One boot tree on its way; what is made here is dated `epoch`."""

    epoch: int

    def write(self, order: Mapping[str, Any], found: Sequence[Sourced], own_root: bool) -> BootTree:
        inside = {one.entry.path: one for one in found if one.entry.path.startswith(f"{BOOT}/")}
        config, cmdline = (_text(inside.get(f"{BOOT}/{name}")) for name in ("config.txt", "cmdline.txt"))
        boards = [(from_plain(Board, row["board"]), row["section"]) for row in order["boards"]]
        listing = [one.entry for one in inside.values()]
        made = boot_tree(listing, config, cmdline, boards, order["prefix"], own_root=own_root)
        _PACKED.mkdir()
        members = [self._plain("config.txt", made.config.encode())]
        for path, name in made.files.items():
            one = inside[f"{BOOT}/{name}"]
            members.append(self._served(path, one))
            if name in made.linked:
                same = min(path, made.linked[name])
                members[-1] = _linked(members[-1], path, same)
                members.append(_linked(members[-1], made.linked[name], same))
        folders = {parent for member in members for parent in _parents(member.entry.path)}
        members += [Member(self._entry(path, Kind.DIRECTORY, 0o755)) for path in folders]
        with (SHOWN / str(order["out"]) / f"{order['name']}.boot.tar").open("xb") as sink:
            write(members, sink)
        return made

    def _served(self, path: str, one: Sourced) -> Member:
        """A file of the boot directory at its path in the boot tree, packed if the firmware unpacks it."""
        content = one.folder / one.entry.path
        with content.open("rb") as stream:
            start = stream.read(_MARK_AT + len(_MARK))
        if start[_MARK_AT:] == _MARK:
            env = fixed_environment(self.epoch)
            argv = ["gzip", "-9", "-n", "-c"]
            data = run_program(argv, stdin=content.read_bytes(), env=env, inside=into(HELPER)).stdout
            return self._plain(path, data, one.entry.mtime)
        entry = self._entry(path, Kind.FILE, 0o644, one.entry.mtime)
        return Member(entry._replace(size=one.entry.size), content)

    def _plain(self, path: str, data: bytes, mtime: int | None = None) -> Member:
        """A file of the boot tree that is made here."""
        content = _PACKED / hashlib.sha256(path.encode()).hexdigest()
        content.write_bytes(data)
        return Member(self._entry(path, Kind.FILE, 0o644, mtime)._replace(size=len(data)), content)

    def _entry(self, path: str, kind: Kind, mode: int, mtime: int | None = None) -> Entry:
        return Entry(path, kind, mode, 0, 0, self.epoch if mtime is None else mtime)


def _linked(member: Member, path: str, group: str) -> Member:
    return replace(member, entry=member.entry._replace(path=path, links=group))


def _text(one: Sourced | None) -> str:
    return (one.folder / one.entry.path).read_text() if one else ""


def _parents(path: str) -> set[str]:
    parts = path.split("/")[:-1]
    return {"/".join(parts[:n]) for n in range(len(parts) + 1)}
