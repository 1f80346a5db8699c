# SPDX-License-Identifier: Apache-2.0
"""`nodebake store export`: one file with a lock and all its packages."""

from __future__ import annotations

import os
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from builder.archive import snapshot
from builder.archive.bundle import members, packages, write
from builder.archive.fetch import fetch, missing
from builder.archive.hosts import Mirror, choose, machine_archives
from builder.base.archives import PUBLIC
from builder.build.workshop import open_workshop
from builder.cli.diff import a_project
from builder.cli.project import Project
from builder.cli.sides import lock_of
from builder.errors import Exit
from builder.lock.lock import Lock
from builder.recipe.resolve import archives
from builder.registry import fetch as registries
from builder.report.report import Report
from builder.store import hold


def run(arguments: Namespace, report: Report) -> Exit:
    project = a_project(arguments)
    lock = lock_of(arguments.lock, project)
    target: Path = arguments.file or Path(default_name(lock))
    store = open_workshop().store
    named = packages(lock)
    with hold.shared(store.root, lambda: None):
        absent = missing(named, store.debs)
        if absent:
            size = sum(package.size for package in absent)
            with report.bytes_bar(f"fetching {len(absent)} packages", size) as bar:
                fetch(absent, store.debs, _mirrors(lock, project), bar.advance, lock.archives)
        if pieces := registries.missing(lock.images, store.blobs):
            with report.bytes_bar("fetching images", sum(piece.blob.size for piece in pieces)) as bar:
                registries.fetch(pieces, store.blobs, bar.advance)
        with report.bytes_bar("writing", sum(file.size for file in members(lock))) as bar:
            write(lock, store.root, target.absolute(), bar.advance)
    if arguments.json:
        report.json(
            {"bundle": str(target), "recipe": lock.recipe, "packages": len(named), "images": len(lock.images)}
        )
    else:
        report.data(str(target))
    return Exit.DONE


def default_name(lock: Lock) -> str:
    """`RECIPE-YYYYMMDD.bundle.tar`, by the lock's newest archive; a lock cannot lead elsewhere."""
    return Path(f"{lock.recipe}-{datetime.fromtimestamp(lock.epoch, UTC):%Y%m%d}.bundle.tar").name


def _mirrors(lock: Lock, project: Project | None) -> dict[str, Mirror]:
    words = {package.archive for package in packages(lock)} & PUBLIC.keys()
    return choose(
        [*sorted(words), snapshot.WORD],
        public=PUBLIC,
        site=archives(project.sources()) if project else {},
        environment=os.environ,
        machine=machine_archives(),
    )
