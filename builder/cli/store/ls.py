# SPDX-License-Identifier: Apache-2.0
"""`nodebake store ls`: what the store holds, the one used last first."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from builder.build.workshop import open_workshop
from builder.errors import Exit
from builder.report import units
from builder.report.report import Report
from builder.store.held import Deb, Held, debs, objects


def run(arguments: Namespace, report: Report) -> Exit:
    store = open_workshop().store
    held, packages = objects(store), debs(store)
    if arguments.json:
        size = sum(deb.size for deb in packages)
        report.json(
            {
                "store": str(store.root),
                "objects": [asdict(each) for each in held],
                "debs": {"count": len(packages), "size": size},
            }
        )
        return Exit.DONE
    report.data("\n".join([*lines(held), *totals(held, packages)]))
    return Exit.DONE


def lines(held: Sequence[Held]) -> Iterator[str]:
    """A line on each object."""
    labels = [each.label if len(each.label) <= 40 else f"{each.label[:39]}…" for each in held]
    width = max((len(label) for label in labels), default=0)
    for each, label in zip(held, labels, strict=True):
        used = f"{datetime.fromtimestamp(each.used):%Y-%m-%d %H:%M}"
        recipes = ", ".join(each.recipes) or "-"
        size = units.size(each.size)
        yield f"{each.id[:12]}  {each.kind:<10} {label:<{width}}  {size:>8}  {used}  {recipes}"


def totals(held: Sequence[Held], packages: Sequence[Deb]) -> Iterator[str]:
    """How much it is."""
    yield f"{units.counted(len(held), 'object')}, {units.size(sum(each.size for each in held))}"
    yield f"{units.counted(len(packages), '.deb')}, {units.size(sum(deb.size for deb in packages))}"
