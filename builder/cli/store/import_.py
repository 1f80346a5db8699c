# SPDX-License-Identifier: Apache-2.0
"""`nodebake store import`: the packages of a bundle into the store."""

from __future__ import annotations

from argparse import Namespace

from builder.archive.bundle import packages, read
from builder.build.workshop import open_workshop
from builder.errors import Exit, RecipeError
from builder.report.report import Report
from builder.report.units import counted
from builder.store import hold


def run(arguments: Namespace, report: Report) -> Exit:
    if not arguments.file.is_file():
        raise RecipeError(f"there is no bundle `{arguments.file}`", hint="`nodebake store export` makes one")
    store = open_workshop().store
    with (
        hold.shared(store.root, lambda: None),
        report.bytes_bar("reading", arguments.file.stat().st_size) as bar,
    ):
        lock = read(arguments.file, store.root, bar.advance)
    count = len(packages(lock))
    if arguments.json:
        report.json({"recipe": lock.recipe, "packages": count, "images": len(lock.images)})
    else:
        images = [counted(len(lock.images), "image")] if lock.images else []
        what = " and ".join([counted(count, "package"), *images])
        report.say(f"{what} of `{lock.recipe}` in the store, each as the lock names it")
    return Exit.DONE
