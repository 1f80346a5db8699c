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
from builder.store.held import Fetched, Held, fetched, objects

NOUNS = {"deb": ".deb", "blob": "image blob"}


def run(arguments: Namespace, report: Report) -> Exit:
    store = open_workshop().store
    held, files = objects(store), fetched(store)
    if arguments.json:
        report.json(
            {
                "store": str(store.root),
                "objects": [asdict(each) for each in held],
                **{f"{kind}s": _sum(kind, files) for kind in NOUNS},
            }
        )
        return Exit.DONE
    report.data("\n".join([*lines(held), *totals(held, files)]))
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


def totals(held: Sequence[Held], files: Sequence[Fetched]) -> Iterator[str]:
    """How much it is."""
    yield f"{units.counted(len(held), 'object')}, {units.size(sum(each.size for each in held))}"
    for kind, noun in NOUNS.items():
        total = _sum(kind, files)
        if total["count"] or kind == "deb":
            yield f"{units.counted(total['count'], noun)}, {units.size(total['size'])}"


def numbers(objects: int, files: Sequence[Fetched]) -> str:
    """How many they are, in words; image blobs where there are any."""
    counts = {noun: _sum(kind, files)["count"] for kind, noun in NOUNS.items()}
    words = [units.counted(count, noun) for noun, count in counts.items() if count or noun == ".deb"]
    return " and ".join([", ".join([units.counted(objects, "object"), *words[:-1]]), words[-1]])


def _sum(kind: str, files: Sequence[Fetched]) -> dict[str, int]:
    sizes = [file.size for file in files if file.kind == kind]
    return {"count": len(sizes), "size": sum(sizes)}
