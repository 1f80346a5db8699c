# SPDX-License-Identifier: Apache-2.0
"""A tree into a card image: laid out, written, read once, compressed. Runs in the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.build.bench import HELPER, STORE, mount_helper
from builder.build.boot_tar import pack
from builder.build.compress import Kept, compress, kept
from builder.build.note import annotated
from builder.host import linux
from builder.host.chroot import into
from builder.host.process import run as run_program
from builder.host.worker import SHOWN, send
from builder.image.assemble import assemble
from builder.image.identity import derive
from builder.image.placement import dump, parse
from builder.image.tools import fixed_environment
from builder.release import bmap, index
from builder.release.scan import scan
from builder.store.store import Store
from builder.tree.entry import parse as parse_listing
from builder.tree.noted import released
from builder.tree.owners import INFO, LIST, owners, package_of
from builder.tree.sourced import Sourced, sourced


@dataclass(frozen=True)
class HelperTools:
    """Runs the helper's programs; the output folder is at the same path in there."""

    log: Path

    def run(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        run_program(argv, env=env, log=self.log, inside=into(HELPER))


def run(order: Mapping[str, Any], jobs: int) -> None:
    """Make `NAME.img` and what is read off it in the folder `out`; `latest` may name a former release.

    Where boards can try it over the network, `NAME.boot.tar` too; tells what the manifest is to say of that.
    """
    image, found = write(order, jobs)
    if order["boards"]:
        boot = pack(order, found, own_root=True)
        send(
            {"found": [{"trial": {"cmdline": boot.cmdline, "boards": [asdict(row) for row in boot.boards]}}]}
        )
    read = scan(image)
    image.with_suffix(".img.index").write_bytes(index.dump(read.index))
    image.with_suffix(".img.bmap").write_text(bmap.dump(read.bmap))
    level = order["compression_level"]
    former = kept(SHOWN / order["latest"], order["helper"], level) if order["latest"] else Kept()
    compress(
        image,
        image.with_suffix(".img.zst"),
        read.index,
        former,
        order["helper"],
        level,
        lambda data: _zstd(data, level, order["epoch"]),
        jobs,
    )


def write(order: Mapping[str, Any], jobs: int) -> tuple[Path, list[Sourced]]:
    """Make `NAME.img` and its placement in the output folder; where the image is, and the tree in it."""
    store = Store(STORE)
    mount_helper(store.delta(order["helper"]), store.debs)
    out = SHOWN / str(order["out"])
    _show(out)
    image = out / f"{order['name']}.img"
    steps = order["tree"]
    found = annotated(tree(store, steps), released(order["release"]), order["epoch"], len(steps))
    placement = assemble(
        image,
        found,
        boot_size=order["boot_size"],
        free=order["free"],
        identity=derive(order["seed"]),
        former=parse(order["former"]) if order["former"] else None,
        epoch=order["epoch"],
        tools=HelperTools(store.log(order["id"])),
        jobs=jobs,
    )
    image.with_suffix(".img.placement").write_text(dump(placement))
    return image, found


def tree(store: Store, steps: Sequence[str]) -> list[Sourced]:
    """What the deltas of these steps amount to, where each content lies, and what it came with."""
    found = sourced((store.delta(step), parse_listing(store.listed(step))) for step in steps)
    lists = {
        one.entry.path: (one.folder / one.entry.path).read_text(errors="surrogateescape")
        for one in found
        if one.entry.path.startswith(INFO) and one.entry.path.endswith(LIST)
    }
    packages = owners(lists)
    return [
        one._replace(package=packages.get(path) or _about(path))
        for one in found
        for path in (one.entry.path,)
    ]


def _about(path: str) -> str:
    return package_of(path) if path.startswith(INFO) and not path.endswith(LIST) else ""


def _show(folder: Path) -> None:
    """Let the helper's programs see a folder at its own path."""
    seen = HELPER / folder.relative_to("/")
    seen.mkdir(parents=True)
    linux.bind(folder, seen)


def _zstd(data: bytes, level: int, epoch: int) -> bytes:
    # One thread: how many there are would show in the bytes.
    argv = ["zstd", "-q", f"-{level}", "-T1", f"--stream-size={len(data)}", "-c"]
    return run_program(argv, stdin=data, env=fixed_environment(epoch), inside=into(HELPER)).stdout
