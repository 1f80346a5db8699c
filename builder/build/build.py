# SPDX-License-Identifier: Apache-2.0
"""Build a plan: fetch what is missing, run the steps that the store lacks, make the outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from builder.archive.fetch import deb_path, fetch, missing
from builder.archive.hosts import Mirror
from builder.build.deliver import Delivery
from builder.build.former import remember
from builder.build.staff import worker_for
from builder.build.workshop import Workshop, require_programs, require_space
from builder.errors import NodebakeError
from builder.host.worker import Worker
from builder.lock.lock import Lock
from builder.plan.plan import ENGINES, Made, Plan
from builder.plan.step import Step
from builder.report.report import Report
from builder.store import hold

INSTALLERS = set(ENGINES.values())
_COMPRESSED_SHARE = 0.6


def build(
    plan: Plan,
    lock: Lock,
    workshop: Workshop,
    mirrors: Mapping[str, Mirror],
    deliveries: Mapping[Made, Delivery],
    project: Path,
    report: Report,
) -> None:
    """Bring every delivery about. What is delivered already is left alone.

    Raises LackingError before the first step, StepError and whatever a step raises later; then the
    output holds what it held before, and the store every step that was finished.
    """
    store = workshop.store
    _use(plan, lock, workshop)
    todo = {made: delivery for made, delivery in deliveries.items() if not delivery.is_there()}
    if not todo:
        _tell_cached(plan, report)
        return
    with hold.shared(store.root, lambda: report.say("waiting for somebody who cleans up the store")):
        _steps(plan, lock, workshop, mirrors, todo, project, report)
        remember(store.plan(plan.recipe.name), plan)
        _outputs(plan, lock, workshop, todo, report)
        _use(plan, lock, workshop)


def _steps(
    plan: Plan,
    lock: Lock,
    workshop: Workshop,
    mirrors: Mapping[str, Mirror],
    todo: Mapping[Made, Delivery],
    project: Path,
    report: Report,
) -> None:
    """Run what the store lacks."""
    lacking = [step for step in plan.steps if not workshop.store.has(step.id)]
    require_programs({step.kind for step in lacking})
    _require_space(plan, lock, workshop, lacking, next(iter(todo.values())).parent)
    _fetch(lock, workshop, mirrors, lacking, report)
    total = len(plan.steps) + len(todo)
    if lacking:
        with worker_for(plan.recipe.base.architecture, workshop, {"project": project}) as worker:
            for number, step in enumerate(plan.steps, 1):
                try:
                    _step(worker, step, number, total, step not in lacking, report)
                except NodebakeError as error:
                    error.facts += _look(plan, step, number)
                    raise


def _outputs(
    plan: Plan, lock: Lock, workshop: Workshop, todo: Mapping[Made, Delivery], report: Report
) -> None:
    total = len(plan.steps) + len(todo)
    for number, (made, delivery) in enumerate(todo.items(), len(plan.steps) + 1):
        started = time.monotonic()
        report.step_started(number, total, f"image  {delivery.version}")
        with (
            delivery.open(workshop.ids.root),
            worker_for(plan.recipe.base.architecture, workshop, {"out": delivery.making}) as worker,
        ):
            worker.ask({"output": delivery.order(plan, made)})
            delivery.release(plan, lock, made, workshop.store)
        seconds = time.monotonic() - started
        report.step_done(number, total, "image", seconds=seconds, cached=False, detail=delivery.version)


def _use(plan: Plan, lock: Lock, workshop: Workshop) -> None:
    """Mark what this plan uses. Package files last: of what was used together they are to stay longest."""
    workshop.store.use(workshop.store.object(step.id) for step in plan.steps)
    packages = (*lock.packages, *lock.helpers[workshop.machine])
    workshop.store.use(deb_path(workshop.store.debs, package.sha256) for package in packages)


def _look(plan: Plan, step: Step, number: int) -> tuple[str, ...]:
    """The call that shows what a failed step saw."""
    if not step.below:
        return ()
    return (f"a shell where it failed: nodebake shell {plan.recipe.name} --step {number}",)


def _tell_cached(plan: Plan, report: Report) -> None:
    total = len(plan.steps) + len(plan.outputs)
    report.step_done(total, total, "image", seconds=0.0, cached=True, detail="nothing has changed")


def _step(worker: Worker, step: Step, number: int, total: int, cached: bool, report: Report) -> None:
    if cached:
        report.step_done(number, total, step.kind, seconds=0.0, cached=True, detail=step.label)
        return
    report.step_started(number, total, f"{step.kind}  {step.label}")
    order = {
        "kind": step.kind,
        "label": step.label,
        "id": step.id,
        "inputs": step.inputs,
        "below": step.below,
        "helper": step.helper,
    }
    started = time.monotonic()
    worker.ask({"build": order})
    seconds = time.monotonic() - started
    report.step_done(number, total, step.kind, seconds=seconds, cached=False, detail=step.label)


def _fetch(
    lock: Lock, workshop: Workshop, mirrors: Mapping[str, Mirror], lacking: list[Step], report: Report
) -> None:
    """Bring the .debs that the lacking steps read."""
    kinds = {step.kind for step in lacking}
    wanted = lock.packages if kinds & INSTALLERS else ()
    wanted += lock.helpers[workshop.machine] if "helper" in kinds else ()
    absent = missing(wanted, workshop.store.debs)
    if not absent:
        return
    with report.bytes_bar(f"fetching {len(absent)} packages", sum(p.size for p in absent)) as bar:
        fetch(absent, workshop.store.debs, mirrors, bar.advance, lock.archives)


def _require_space(plan: Plan, lock: Lock, workshop: Workshop, lacking: list[Step], out: Path) -> None:
    """By estimate: packages as dpkg states them, .debs as locked, an image as large as both and its room."""
    kinds = {step.kind for step in lacking}
    tree = sum(p.installed for p in lock.packages) << 10
    tools = sum(p.installed for p in lock.helpers[workshop.machine]) << 10
    debs = sum(
        p.size for p in missing([*lock.packages, *lock.helpers[workshop.machine]], workshop.store.debs)
    )
    store = debs if kinds & INSTALLERS else 0
    store += int(tree * 1.3) if kinds & INSTALLERS else 0
    store += tools if "helper" in kinds else 0
    images = sum(int(tree * (1 + _COMPRESSED_SHARE)) + made.output.boot_size // 4 for made in plan.outputs)
    require_space(workshop, out, store, images)
