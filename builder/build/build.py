# SPDX-License-Identifier: Apache-2.0
"""Build a plan: fetch what is missing, run the steps that the store lacks, make the outputs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from builder.archive.fetch import deb_path
from builder.build.deliver import Delivery
from builder.build.former import remember
from builder.build.job import Job
from builder.build.provide import provide
from builder.build.staff import worker_for
from builder.errors import NodebakeError
from builder.host.worker import Worker
from builder.plan.plan import Made
from builder.plan.step import Step
from builder.store import hold
from builder.store.held import sweep

_WAITING = "waiting for somebody who cleans up the store"


def build(job: Job) -> None:
    """Bring every delivery about. What is delivered already is left alone.

    Raises LackingError before the first step, StepError and whatever a step raises later; then the
    output holds what it held before, and the store every step that was finished.
    """
    _use(job)
    todo = job.undelivered()
    if not todo:
        kinds = ", ".join(made.output.name for made in job.deliveries)
        job.report.step_done(
            job.total, job.total, kinds, seconds=0.0, cached=True, detail="nothing has changed"
        )
        return
    store = job.workshop.store
    with (
        hold.shared(store.root, partial(job.report.say, _WAITING), partial(sweep, store)),
        ExitStack() as places,
    ):
        for delivery in todo.values():
            places.enter_context(delivery.open(job.workshop.ids.root, job.report.say))
        lacking = job.lacking()
        folders = _folders(job.project, todo.values())
        with worker_for(job.plan.recipe.base.architecture, job.workshop, folders) as worker:
            if lacking:
                # What cannot be done here is told before anything is fetched.
                worker.ask({"store": {"ready": True}})
            provide(job, lacking, next(iter(todo.values())).parent)
            _steps(job, worker, {step.id for step in lacking})
            remember(store.plan(job.plan.recipe.name), job.plan)
            _outputs(job, worker, todo)
        _use(job)


def _folders(project: Path, deliveries: Iterable[Delivery]) -> dict[str, Path]:
    """What the worker is shown by which name."""
    folders = {"project": project}
    for number, delivery in enumerate(deliveries):
        folders[f"out{number}"] = delivery.making
        if delivery.former:
            folders[f"former{number}"] = delivery.former
    return folders


def _steps(job: Job, worker: Worker, lacking: set[str]) -> None:
    """Run what the store lacks, in the plan's order."""
    if not lacking:
        return
    for number, step in enumerate(job.plan.steps, 1):
        if step.id in lacking:
            _step(job, worker, step, number)
        else:
            job.report.step_done(number, job.total, step.kind, seconds=0.0, cached=True, detail=step.label)


def _step(job: Job, worker: Worker, step: Step, number: int) -> None:
    job.report.step_started(number, job.total, f"{step.kind}  {step.label}")
    started = time.monotonic()
    try:
        worker.ask({"build": {**asdict(step), "id": step.id}})
    except NodebakeError as error:
        if step.below:
            look = f"nodebake shell {job.plan.recipe.name} --step {number}"
            error.facts = (*error.facts, f"a shell where it failed: {look}")
        raise
    seconds = time.monotonic() - started
    job.report.step_done(number, job.total, step.kind, seconds=seconds, cached=False, detail=step.label)


def _outputs(job: Job, worker: Worker, todo: Mapping[Made, Delivery]) -> None:
    """Make what is not delivered yet."""
    for place, (made, delivery) in enumerate(todo.items()):
        number = len(job.plan.steps) + 1 + place
        job.report.step_started(number, job.total, f"{made.output.name}  {delivery.version}")
        started = time.monotonic()
        order = {
            **delivery.outcome.order(job.plan, made, job.former),
            "out": f"out{place}",
            "latest": f"former{place}" if delivery.former else "",
        }
        with ThreadPoolExecutor(1) as beside:
            described = beside.submit(delivery.describe, job.plan, job.lock, job.workshop.store, job.former)
            found = worker.ask({"output": order})
            delivery.release(job.plan, job.lock, described.result(), found)
        remember(job.workshop.store.plan(job.plan.recipe.name), job.plan, delivery.outcome.parts(found))
        for remark in delivery.outcome.remarks(found):
            job.report.say(remark)
        seconds = time.monotonic() - started
        job.report.step_done(
            number, job.total, made.output.name, seconds=seconds, cached=False, detail=delivery.version
        )


def _use(job: Job) -> None:
    """Mark what this plan uses. Package files last: of what was used together they are to stay longest."""
    store = job.workshop.store
    store.use(store.object(step.id) for step in job.plan.steps)
    store.use(deb_path(store.debs, package.sha256) for package in (*job.lock.packages, *job.tools))
    store.use(store.blob(blob.sha256) for image in job.lock.images for blob in image.blobs)
