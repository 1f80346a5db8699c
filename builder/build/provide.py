# SPDX-License-Identifier: Apache-2.0
"""What a build needs before its first step: programs, room on the disk, the .debs and images."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from builder.archive.fetch import fetch, missing
from builder.build.job import Job
from builder.build.workshop import require_programs, require_space
from builder.plan.plan import ENGINES
from builder.plan.step import Step
from builder.recipe.recipe import ImageOutput, Output
from builder.registry import fetch as registries
from builder.report.units import counted

_INSTALLERS = set(ENGINES.values())
# Caches, the package database and the initramfs come on top of what dpkg says its packages take.
_DELTA_SHARE = 1.3
_COMPRESSED_SHARE = 0.6
_BOOT_TREE = 128 << 20


def provide(job: Job, lacking: Collection[Step], out: Path) -> None:
    """Refuse what cannot end well, then fetch. `out` is the folder that will hold the outputs."""
    kinds = {step.kind for step in lacking}
    require_programs(kinds)
    _require_space(job, kinds, out)
    _fetch(job, kinds)
    if "images" in kinds:
        _fetch_images(job)


def _require_space(job: Job, kinds: set[str], out: Path) -> None:
    """By estimate: packages as dpkg states them, .debs as locked, an image as large as both and its room."""
    installs = bool(kinds & _INSTALLERS)
    tree = sum(p.installed for p in job.lock.packages) << 10
    tools = sum(p.installed for p in job.tools) << 10
    debs = sum(p.size for p in missing([*job.lock.packages, *job.tools], job.workshop.store.debs))
    store = (debs + int(tree * _DELTA_SHARE)) * installs + tools * ("helper" in kinds)
    images = sum(image.size for image in job.lock.images)
    # Once as they come, once as archives of the tree.
    store += 2 * images * ("images" in kinds)
    require_space(job.workshop, out, store, sum(_room(made.output, tree) + images for made in job.deliveries))


def _room(output: Output, tree: int) -> int:
    """What an output may take, in bytes."""
    if isinstance(output, ImageOutput):
        return int(tree * (1 + _COMPRESSED_SHARE)) + output.boot_size // 4
    return int(tree * _COMPRESSED_SHARE) + _BOOT_TREE


def _fetch(job: Job, kinds: set[str]) -> None:
    """Bring the .debs that the lacking steps read."""
    wanted = job.lock.packages if kinds & _INSTALLERS else ()
    wanted += job.tools if "helper" in kinds else ()
    absent = missing(wanted, job.workshop.store.debs)
    if not absent:
        return
    with job.report.bytes_bar(f"fetching {len(absent)} packages", sum(p.size for p in absent)) as bar:
        fetch(absent, job.workshop.store.debs, job.mirrors, bar.advance, job.lock.archives)


def _fetch_images(job: Job) -> None:
    """Bring what the store lacks of the lock's images."""
    blobs = job.workshop.store.blobs
    absent = registries.missing(job.lock.images, blobs)
    if absent:
        total = sum(piece.blob.size for piece in absent)
        with job.report.bytes_bar(f"fetching {counted(len(job.lock.images), 'image')}", total) as bar:
            registries.fetch(absent, blobs, bar.advance)
