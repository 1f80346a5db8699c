# SPDX-License-Identifier: Apache-2.0
"""A tree into what nodes boot over the network: a boot tree, and layers or a root. Runs in the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from builder.build.bench import HELPER, STORE, mount_helper
from builder.build.layer import layer
from builder.host import linux
from builder.host.chroot import into
from builder.host.process import feed
from builder.host.process import run as run_program
from builder.host.worker import SHOWN, send
from builder.image.tools import fixed_environment
from builder.netboot.boot import BootTree, boot_tree
from builder.netboot.layers import BOOT, split
from builder.netboot.served import notes, served
from builder.netboot.tar import Member, write
from builder.recipe.recipe import Board, NetbootOutput
from builder.release.manifest import Netboot
from builder.store.store import Store
from builder.tree.entry import Entry, Kind, merge
from builder.tree.entry import parse as parse_listing
from builder.tree.sourced import Sourced, sourced

_T = TypeVar("_T")
_NOTES = SHOWN / "notes"
_PACKED = SHOWN / "packed"
_OUT = "/run/out"
# The mark of a bare arm64 kernel, and where it is. A 32-bit one unpacks itself.
_MARK_AT, _MARK = 56, b"ARM\x64"
# A third less than level 3 makes, for a root that goes through a slow port once for each release.
_ROOT_LEVEL = 9


def run(order: Mapping[str, Any], jobs: int) -> None:
    """Make `NAME.boot.tar` and the root in the folder `out`; tells what the manifest is to say of them."""
    work = _Work(order, _tuples(NetbootOutput, order["output"]), Store(STORE), jobs)
    mount_helper(work.store.delta(order["helper"]), work.store.debs)
    (HELPER / _OUT.lstrip("/")).mkdir()
    linux.bind(work.out, HELPER / _OUT.lstrip("/"))
    found, lost = work.tree()
    boot = work.boot(found)
    layers = work.layers(found) if work.output.layered else {}
    root = "" if layers else work.root(found)
    needs = sum((work.out / name).stat().st_size for name in layers) if work.output.mode == "ram" else 0
    told = Netboot(
        mode=work.output.mode,
        writable=work.output.writable,
        persist=work.output.persist,
        prefix=order["prefix"],
        boot=f"{order['name']}.boot.tar",
        layers=tuple(layers),
        root=root,
        cmdline=boot.cmdline,
        boards=boot.boards,
        needs=needs,
    )
    send({"found": [{"netboot": asdict(told), "objects": list(layers.values()), "lost": list(lost)}]})


@dataclass(frozen=True)
class _Work:
    """One output on its way."""

    order: Mapping[str, Any]
    output: NetbootOutput
    store: Store
    jobs: int

    @property
    def out(self) -> Path:
        return SHOWN / str(self.order["out"])

    def tree(self) -> tuple[list[Sourced], tuple[str, ...]]:
        """The tree that nodes see, and the files that lose their capabilities."""
        steps = self.order["tree"]
        deltas = ((self.store.delta(step), parse_listing(self.store.listed(step))) for step in steps)
        known = {one.entry.path: one for one in sourced(deltas)}
        told = notes(self.output, self.order["release"])
        for path, data in told.items():
            (_NOTES / path).parent.mkdir(parents=True, exist_ok=True)
            (_NOTES / path).write_bytes(data)
        seen = served((one.entry for one in known.values()), self.output, told, self.order["epoch"])
        top = len(steps)
        found = []
        for entry in seen.entries:
            one = known.get(entry.path)
            if one is None or entry.path in told:
                one = Sourced(entry, _NOTES, top)
            found.append(one._replace(entry=entry))
        return found, seen.lost

    def boot(self, found: Sequence[Sourced]) -> BootTree:
        """Write the boot tree."""
        inside = {one.entry.path: one for one in found if one.entry.path.startswith(f"{BOOT}/")}
        config, cmdline = (_text(inside.get(f"{BOOT}/{name}")) for name in ("config.txt", "cmdline.txt"))
        boards = [(_tuples(Board, row["board"]), row["section"]) for row in self.order["boards"]]
        listing = [one.entry for one in inside.values()]
        made = boot_tree(listing, config, cmdline, boards, self.order["prefix"])
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
        with (self.out / f"{self.order['name']}.boot.tar").open("xb") as sink:
            write(members, sink)
        return made

    def layers(self, found: Sequence[Sourced]) -> dict[str, str]:
        """The layers' file names, lowest first, and the store's names for them."""
        lower = self.order["lower"]
        listings = (parse_listing(self.store.listed(step)) for step in self.order["tree"][:lower])
        made = {}
        for word, part in zip(("base", "top"), split(found, lower, merge(listings)), strict=True):
            name = f"{self.order['name']}.{word}.squashfs"
            label = f"{word} of {self.order['release'].partition('/')[0]}"
            made[name] = layer(part, label, self.order["helper"], self.store, self.out / name, self.jobs)
        return made

    def root(self, found: Sequence[Sourced]) -> str:
        """The name of the root as a tar."""
        name = f"{self.order['name']}.root.tar.zst"
        inside = [_member(one) for one in found if not one.entry.path.startswith(f"{BOOT}/")]
        # One thread: how many there are would show in the bytes.
        feed(
            ["zstd", "-q", f"-{_ROOT_LEVEL}", "-T1", "-o", f"{_OUT}/{name}"],
            lambda sink: write(inside, sink),
            log=self.store.log(self.order["id"]),
            inside=into(HELPER),
            env=fixed_environment(self.order["epoch"]),
        )
        return name

    def _served(self, path: str, one: Sourced) -> Member:
        """A file of the boot directory at its path in the boot tree, packed if the firmware unpacks it."""
        content = one.folder / one.entry.path
        with content.open("rb") as stream:
            start = stream.read(_MARK_AT + len(_MARK))
        if start[_MARK_AT:] == _MARK:
            env = fixed_environment(self.order["epoch"])
            pack = ["gzip", "-9", "-n", "-c"]
            data = run_program(pack, stdin=content.read_bytes(), env=env, inside=into(HELPER)).stdout
            return self._plain(path, data, one.entry.mtime)
        entry = self._entry(path, Kind.FILE, 0o644, one.entry.mtime)
        return Member(entry._replace(size=one.entry.size), content)

    def _plain(self, path: str, data: bytes, mtime: int | None = None) -> Member:
        """A file of the boot tree that is made here."""
        content = _PACKED / hashlib.sha256(path.encode()).hexdigest()
        content.write_bytes(data)
        return Member(self._entry(path, Kind.FILE, 0o644, mtime)._replace(size=len(data)), content)

    def _entry(self, path: str, kind: Kind, mode: int, mtime: int | None = None) -> Entry:
        return Entry(path, kind, mode, 0, 0, self.order["epoch"] if mtime is None else mtime)


def _member(one: Sourced) -> Member:
    return Member(one.entry, one.folder / one.entry.path)


def _linked(member: Member, path: str, group: str) -> Member:
    return replace(member, entry=member.entry._replace(path=path, links=group))


def _text(one: Sourced | None) -> str:
    return (one.folder / one.entry.path).read_text() if one else ""


def _parents(path: str) -> set[str]:
    parts = path.split("/")[:-1]
    return {"/".join(parts[:n]) for n in range(len(parts) + 1)}


def _tuples(kind: type[_T], plain: Mapping[str, Any]) -> _T:
    """A frozen value from its fields as JSON has them."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()})
