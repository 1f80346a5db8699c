# SPDX-License-Identifier: Apache-2.0
"""A tree into what nodes boot over the network: a boot tree, and layers or a root. Runs in the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.build.bench import HELPER, STORE, mount_helper
from builder.build.boot_tar import from_plain, pack
from builder.build.layer import layer
from builder.build.note import annotated
from builder.host import linux
from builder.host.chroot import into
from builder.host.process import feed
from builder.host.worker import SHOWN, send
from builder.image.tools import fixed_environment
from builder.netboot.layers import BOOT, split
from builder.netboot.served import notes, served
from builder.netboot.tar import Member, write
from builder.recipe.recipe import NetbootOutput
from builder.release.manifest import Netboot
from builder.store.store import Store
from builder.tree.entry import merge
from builder.tree.entry import parse as parse_listing
from builder.tree.sourced import Sourced, sourced

_OUT = "/run/out"
# A third less than level 3 makes, for a root that goes through a slow port once for each release.
_ROOT_LEVEL = 9


def run(order: Mapping[str, Any], jobs: int) -> None:
    """Make `NAME.boot.tar` and the root in the folder `out`; tells what the manifest is to say of them."""
    work = _Work(order, from_plain(NetbootOutput, order["output"]), Store(STORE), jobs)
    mount_helper(work.store.delta(order["helper"]), work.store.debs)
    (HELPER / _OUT.lstrip("/")).mkdir()
    linux.bind(work.out, HELPER / _OUT.lstrip("/"))
    found, lost = work.tree()
    boot = pack(order, found, own_root=False)
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
        told = notes(self.output, self.order["release"])
        found = annotated(sourced(deltas), told, self.order["epoch"], len(steps))
        seen = served((one.entry for one in found), self.output)
        return [one._replace(entry=entry) for one, entry in zip(found, seen.entries, strict=True)], seen.lost

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


def _member(one: Sourced) -> Member:
    return Member(one.entry, one.folder / one.entry.path)
