# SPDX-License-Identifier: Apache-2.0
"""`nodebake store gc`: remove what no recipe uses, or down to a limit what was used least lately."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext

from builder.build.staff import worker_for
from builder.build.workshop import Workshop, open_workshop
from builder.cli.store.ls import NOUNS, lines, numbers
from builder.errors import Exit, RecipeError
from builder.recipe import size
from builder.report import units
from builder.report.report import Report
from builder.store import hold
from builder.store.held import fetched, objects
from builder.store.spare import Spare, above, unused


def run(arguments: Namespace, report: Report) -> Exit:
    limit = limit_of(arguments.limit)
    workshop = open_workshop()
    store = workshop.store
    with nullcontext() if arguments.dry_run else hold.alone(store.root):
        held = objects(store)
        spare = unused(held) if limit is None else above(limit, held, fetched(store))
        if not arguments.dry_run:
            remove(spare, workshop)
    if arguments.json:
        report.json(
            {
                "objects": [each.id for each in spare.objects],
                **{f"{kind}s": [file.sha256 for file in spare.files if file.kind == kind] for kind in NOUNS},
                "size": spare.size,
                "removed": not arguments.dry_run,
            }
        )
        return Exit.DONE
    report.data("\n".join([*lines(spare.objects), summary(spare, dry=arguments.dry_run)]))
    return Exit.DONE


def remove(spare: Spare, workshop: Workshop) -> None:
    """Remove it, and what interrupted builds left. The store must be held alone."""
    with worker_for(workshop.machine, workshop, {}) as worker:
        order = {"remove": [each.id for each in spare.objects], "leftovers": True, "clear": True}
        worker.ask({"store": order})
    for file in spare.files:
        workshop.store.fetched(file.kind, file.sha256).unlink(missing_ok=True)


def summary(spare: Spare, *, dry: bool) -> str:
    """What went, in one line."""
    what = numbers(len(spare.objects), spare.files)
    return f"{'would remove' if dry else 'removed'} {what}, {units.size(spare.size)}"


def limit_of(word: str | None) -> int | None:
    """Bytes. Raises RecipeError for what is no size."""
    try:
        return None if word is None else size.parse(word)
    except ValueError as error:
        raise RecipeError(f"`--limit {word}` is no size", hint="for instance `--limit 20G`") from error
