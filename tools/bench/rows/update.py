# SPDX-License-Identifier: Apache-2.0
"""Two releases that differ by a few updated packages: blocks of the image against bytes of files.

The newer release is the recipe's lock. The older one has, for what the archive of security updates
brought, the version that it was an update for; its epoch is the day of that archive's main suite.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from builder.archive.locking import write_lock
from builder.cli.placement import keep
from builder.lock.lock import Lock
from builder.lock.request import changes
from builder.release import index, manifest
from builder.release.manifest import Image, Manifest
from tools.bench.figure import Figure
from tools.bench.ground import Ground
from tools.bench.measure import Failed
from tools.bench.result import Row
from tools.bench.rows import flash

_LEAST = 3
_INITRAMFS = "/initrd.img-"
_KERNEL = "linux-image-"


@dataclass(frozen=True)
class Release:
    """What a build left to read, and where it is."""

    place: Path
    index: index.Index
    manifest: Manifest
    placement: str


def measure(ground: Ground) -> list[Row]:
    """The older release is built first, in the same place: the newer one may follow it."""
    newer = ground.lock
    main_suite = newer.request.suites[0]
    plain = ground.other_lock(replace(newer.request, suites=(main_suite,)))
    older = before(newer, plain)
    changed = [f"{each.name} {each.before} → {each.after}" for each in changes(older, newer)]
    if len(changed) < _LEAST:
        raise Failed(f"the archives have two versions of {len(changed)} packages of this recipe, too few")
    out = ground.work / "update"
    ground.remove(out)
    first = _release(ground, older, out)
    placement = keep(first.placement, ground.workspace.lock_path)
    second = _release(ground, replace(newer, placement=placement), out)
    blocks = second.index.differing(first.index)
    files = changed_files(first.manifest, second.manifest)
    flashed = flash.update(ground, first.place, second.place, sum(files.values()))
    ground.remove(out)
    apart = [size for path, size in files.items() if _INITRAMFS not in path]
    facts = {
        "packages": changed,
        "changed files": len(files),
        "largest changed files": _largest(files),
        "MB of changed files but the initramfs": round(sum(apart) / 1e6, 2),
        "MB of changed blocks by partition": by_partition(blocks, second.manifest.image),
    }
    ours = Figure("MB", (len(blocks) * index.BLOCK_SIZE / 1e6,))
    peer = Figure("MB", (sum(files.values()) / 1e6,))
    return [Row.of_ratio("update", ours, peer, facts), *flashed]


def before(newer: Lock, plain: Lock) -> Lock:
    """`newer` as it was before its updates: with the versions of `plain`, a lock of the main suite alone.

    The kernel stays as it is: its package has another name for each version, and is no small update.
    """
    former = {package.name: package for package in plain.packages if not package.name.startswith(_KERNEL)}
    date = max(state.date for state in plain.archives)
    return replace(
        newer,
        packages=tuple(former.get(package.name, package) for package in newer.packages),
        archives=tuple(replace(state, date=min(state.date, date)) for state in newer.archives),
    )


def changed_files(first: Manifest, second: Manifest) -> dict[str, int]:
    """Path → bytes of each file of `second` whose content `first` has not there; hard links once."""
    had = {file.path: file.sha256 for file in first.files}
    return {
        file.path: file.size
        for file in second.files
        if file.type == "f" and file.links in ("", file.path) and had.get(file.path) != file.sha256
    }


def by_partition(blocks: Iterable[int], image: Image | None) -> dict[str, float]:
    """MB of blocks by the label of the partition that they begin in."""
    partitions = image.partitions if image else ()
    labels = (
        next((p.label for p in partitions if p.start <= block * index.BLOCK_SIZE < p.start + p.size), "none")
        for block in blocks
    )
    return {label: round(n * index.BLOCK_SIZE / 1e6, 2) for label, n in sorted(Counter(labels).items())}


def _release(ground: Ground, lock: Lock, out: Path) -> Release:
    write_lock(ground.workspace.lock_path, lock)
    try:
        answer: Mapping[str, str] = json.loads(ground.build("--locked", out=out)[1])
    finally:
        write_lock(ground.workspace.lock_path, ground.lock)
    ground.meter.runs.pop()
    return Release(
        Path(answer["manifest"]).parent,
        index.parse(Path(answer["index"]).read_bytes()),
        manifest.parse(Path(answer["manifest"]).read_text()),
        Path(answer["placement"]).read_text(),
    )


def _largest(files: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(files.items(), key=lambda row: -row[1])[:8])
