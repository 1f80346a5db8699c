# SPDX-License-Identifier: Apache-2.0
"""`nodebake plan`: the steps with their ids, which are cached, and why the others are not."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.build.deliver import delivery
from builder.build.former import reasons
from builder.cli.workspace import out_root, workspace
from builder.errors import Exit
from builder.plan.plan import Plan, make
from builder.plan.step import Step
from builder.release.version import version
from builder.report.report import Report
from builder.store.store import Store


def run(arguments: Namespace, report: Report) -> Exit:
    work = workspace(arguments)
    plan = make(work.recipe, work.lock(report, locked=False), work.workshop.machine, arguments.engine)
    store = work.workshop.store
    former = store.plan(plan.recipe.name)
    rows = [_row(step.kind, step.label, step.id, _why(store, former, plan, step)) for step in plan.steps]
    name = version(plan.epoch, plan.id)
    for made in plan.outputs:
        place = delivery(plan.recipe.name, name, made.output, out_root(work.project), arguments.output)
        absent = [] if place.is_there() else ["not there yet"]
        rows.append(_row(made.output.name, name, made.id, absent))
    if arguments.json:
        report.json({"recipe": plan.recipe.name, "version": name, "steps": [asdict(row) for row in rows]})
        return Exit.DONE
    for number, row in enumerate(rows, 1):
        state = "cached" if row.cached else "; ".join(row.why)
        report.data(f"{number:>2}  {row.id[:12]}  {row.kind:<9} {row.label:<32} {state}")
    return Exit.DONE


@dataclass(frozen=True)
class Row:
    """A line of the answer; `why` says why it is not cached."""

    kind: str
    label: str
    id: str
    cached: bool
    why: tuple[str, ...]


def _row(kind: str, label: str, identity: str, why: list[str]) -> Row:
    return Row(kind, label, identity, not why, tuple(why))


def _why(store: Store, former: Path, plan: Plan, step: Step) -> list[str]:
    return [] if store.has(step.id) else reasons(former, plan, step)
