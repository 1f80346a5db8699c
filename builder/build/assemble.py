# SPDX-License-Identifier: Apache-2.0
"""The merged tree into a card image: laid out, filled, read once, compressed. Runs in the worker."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.build.bench import HELPER, STORE, mount_helper
from builder.host import linux
from builder.host.chroot import into
from builder.host.overlay import mount_overlay
from builder.host.process import run as run_program
from builder.host.process import start
from builder.host.worker import SHOWN
from builder.image.assemble import assemble
from builder.image.identity import derive
from builder.image.layout import BOOT_MOUNT, lay_out
from builder.release import bmap, index
from builder.release.scan import scan
from builder.store.store import Store
from builder.tree.entry import merge, parse

ROOT = SHOWN / "tree"
BOOT = SHOWN / "boot"
OUT = SHOWN / "out"


@dataclass(frozen=True)
class HelperTools:
    """Runs the helper's programs; what is shown to the worker is at the same paths in there."""

    log: Path

    def run(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        run_program(argv, env=env, log=self.log, inside=into(HELPER))


def run(order: Mapping[str, Any], jobs: int) -> None:
    """Make `NAME.img` and what is read off it in the output folder."""
    store = Store(STORE)
    _show(order, store)
    entries = merge(parse(store.listed(i)) for i in order["tree"])
    layout = lay_out(entries, boot_size=order["boot_size"], free=order["free"])
    image = OUT / f"{order['name']}.img"
    tools = HelperTools(store.log(order["id"]))
    assemble(
        image, ROOT, BOOT, layout=layout, identity=derive(order["seed"]), epoch=order["epoch"], tools=tools
    )
    level = f"-{order['compression_level']}"
    compressing = ["zstd", "-q", level, f"-T{jobs}", "--no-progress", str(image), "-o", f"{image}.zst"]
    with start(compressing, log=tools.log, inside=into(HELPER)):
        found = scan(image)
        (OUT / f"{image.name}.index").write_bytes(index.dump(found.index))
        (OUT / f"{image.name}.bmap").write_text(bmap.dump(found.bmap))


def _show(order: Mapping[str, Any], store: Store) -> None:
    """Mount helper and tree; the boot directory apart from the root that it is mounted in."""
    mount_helper(store.delta(order["helper"]), store.debs)
    mount_overlay([store.delta(i) for i in order["tree"]], ROOT)
    BOOT.mkdir(exist_ok=True)
    linux.bind(ROOT / BOOT_MOUNT, BOOT)
    was = (ROOT / BOOT_MOUNT).stat()
    linux.mount("tmpfs", ROOT / BOOT_MOUNT, "tmpfs", 0, f"mode={stat.S_IMODE(was.st_mode):o}")
    os.utime(ROOT / BOOT_MOUNT, ns=(was.st_mtime_ns, was.st_mtime_ns))
    for place in (ROOT, BOOT, OUT):
        seen = HELPER / place.relative_to("/")
        seen.mkdir(parents=True)
        linux.bind(place, seen)
