# SPDX-License-Identifier: Apache-2.0
"""A layer of a root: a file system in one file, made once and kept in the store by what is in it.

Runs in the worker.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from builder.build.bench import HELPER
from builder.build.delta import scan
from builder.build.place import keep, workplace
from builder.host import linux
from builder.host.chroot import into
from builder.host.process import feed
from builder.image.tools import fixed_environment
from builder.netboot.tar import Member, write
from builder.plan.plan import VERSIONS
from builder.plan.step import Step
from builder.store.store import Store
from builder.tree.entry import dump
from builder.tree.sourced import Sourced

_MAKING = "/run/making"
_FILE = "layer"
# docs/decisions/0006: what a node reads until it answers, against what the head has to keep.
_SQUASH = ("-comp", "zstd", "-Xcompression-level", "6", "-b", "128K")


def layer(tree: Sequence[Sourced], label: str, helper: str, store: Store, target: Path, jobs: int) -> str:
    """Write the layer of `tree`, whose first is its root, to `target`; what the store calls it.

    HELPER must be mounted.
    """
    listing = dump(one.entry for one in tree)
    date = max((one.entry.mtime for one in tree), default=0)
    inputs = {"listing": hashlib.sha256(listing.encode()).hexdigest(), "epoch": date, "how": list(_SQUASH)}
    step = Step("layer", VERSIONS["layer"], label, inputs, (), helper)
    if not store.has(step.id):
        _make(step, tree, store, jobs)
    store.use([store.object(step.id)])
    shutil.copyfile(store.delta(step.id) / _FILE, target)
    return step.id


def _make(step: Step, tree: Sequence[Sourced], store: Store, jobs: int) -> None:
    with workplace(store, step.id) as place:
        if store.has(step.id):
            return
        delta, seen = place / "delta", HELPER / _MAKING.lstrip("/")
        delta.mkdir()
        seen.mkdir(exist_ok=True)
        linux.bind(delta, seen)
        log = store.log(step.id)
        log.write_bytes(b"")
        root = tree[0].entry
        owner = ["-root-mode", f"{root.mode:o}", "-root-uid", str(root.uid), "-root-gid", str(root.gid)]
        members = [Member(one.entry, one.folder / one.entry.path) for one in tree]
        feed(
            ["mksquashfs", "-", f"{_MAKING}/{_FILE}", "-tar", "-noappend", "-no-progress", "-quiet"]
            + ["-processors", str(jobs), *owner, *_SQUASH],
            lambda sink: write(members, sink),
            log=log,
            inside=into(HELPER),
            env=fixed_environment(step.inputs["epoch"]),
        )
        keep(store, place, {**asdict(step), "id": step.id}, scan(delta, step.inputs["epoch"], jobs))
