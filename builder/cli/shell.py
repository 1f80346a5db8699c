# SPDX-License-Identifier: Apache-2.0
"""`nodebake shell`: a shell in the tree as a step sees it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from builder.build.staff import worker_for
from builder.cli.workspace import Workspace, workspace
from builder.errors import Exit, RecipeError, StepError
from builder.host.terminal import terminal_as_it_was
from builder.plan.plan import Plan, make
from builder.report.report import Report
from builder.store import hold


def run(arguments: Namespace, report: Report) -> Exit:
    work = workspace(arguments)
    plan = make(work.recipe, work.lock(report, locked=False), work.workshop.machine, arguments.engine)
    number = step_number(arguments.step, plan)
    store = work.workshop.store
    with hold.shared(store.root, lambda: report.say("waiting for somebody who cleans up the store")):
        require_below(number, plan, work)
        step = plan.steps[number - 1]
        store.use(store.object(identity) for identity in (step.helper, *step.below))
        report.say(
            f"the tree as step {number} sees it ({step.kind}  {step.label}); what you write is thrown away"
        )
        architecture = plan.recipe.base.architecture
        with terminal_as_it_was(), worker_for(architecture, work.workshop, {}, terminal=True) as worker:
            order = {
                "below": step.below,
                "helper": step.helper,
                "streams": worker.streams,
                "name": f"{plan.recipe.name}:{number}",
                "term": os.environ.get("TERM", "dumb"),
            }
            (code,) = worker.ask({"shell": order})
    # A person ends a shell with whatever his last command said; a script means it.
    if code and not (sys.stdin and sys.stdin.isatty()):
        raise StepError(f"the shell ended with {code}")
    return Exit.DONE


def step_number(asked: int | None, plan: Plan) -> int:
    """The step's number, from 1. Raises RecipeError for one that sees no tree."""
    number = len(plan.steps) if asked is None else asked
    first = next(n for n, step in enumerate(plan.steps, 1) if step.below)
    if not first <= number <= len(plan.steps):
        raise RecipeError(
            f"step {number} of `{plan.recipe.name}` sees no tree",
            hint=f"steps {first} to {len(plan.steps)} do; `nodebake plan {plan.recipe.name}` lists them",
        )
    return number


def require_below(number: int, plan: Plan, work: Workspace) -> None:
    """Raise RecipeError unless what the step stands on is built."""
    step = plan.steps[number - 1]
    needed = {step.helper, *step.below}
    lacking = [each for each in plan.steps if each.id in needed and not work.workshop.store.has(each.id)]
    if lacking:
        raise RecipeError(
            f"`{plan.recipe.name}` has not been built as far as step {number}",
            facts=[f"there is no {each.kind}  {each.label}" for each in lacking],
            hint=f"nodebake build {plan.recipe.name}",
        )
