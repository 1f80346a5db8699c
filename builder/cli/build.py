# SPDX-License-Identifier: Apache-2.0
"""`nodebake build`: a recipe's outputs, from packages to image."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from builder.build.build import build
from builder.build.deliver import Delivery, delivery
from builder.build.job import Job
from builder.cli.placement import named_by
from builder.cli.workspace import Workspace, out_root, workspace
from builder.errors import Exit, RecipeError
from builder.plan.plan import Made, Plan, make
from builder.recipe.near import did_you_mean
from builder.recipe.recipe import Recipe
from builder.release.version import version
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    started = time.monotonic()
    work = workspace(arguments)
    for place in bring_about(arguments, work, report):
        _answer(arguments, work, place, time.monotonic() - started, report)
    return Exit.DONE


def bring_about(arguments: Namespace, work: Workspace, report: Report) -> tuple[Delivery, ...]:
    """Lock, plan and build; where the outputs are that were asked for."""
    _refuse_absent(work.recipe, getattr(arguments, "only", None))
    lock = work.lock(report, locked=arguments.locked)
    plan = make(work.recipe, lock, work.workshop.machine, arguments.engine)
    deliveries = _deliveries(plan, work, arguments)
    former = named_by(lock, work.lock_path)
    build(Job(plan, lock, work.workshop, work.mirrors, deliveries, work.project.root, report, former))
    for place in deliveries.values():
        _sign(work, place, report)
    return tuple(deliveries.values())


def _refuse_absent(recipe: Recipe, only: str | None) -> None:
    """Refuse outputs that the recipe does not have, before archives are asked and a lock is written."""
    named = [output.name for output in recipe.outputs]
    if not named:
        raise RecipeError(
            f"recipe `{recipe.name}` has no outputs, it is a part for others to include",
            hint="`nodebake list` shows what can be built",
        )
    if only is not None and only not in named:
        raise RecipeError(
            f"recipe `{recipe.name}` has no output `{only}`",
            hint=did_you_mean(only, named, what="it has"),
        )


def _deliveries(plan: Plan, work: Workspace, arguments: Namespace) -> Mapping[Made, Delivery]:
    """Where each output goes that was asked for."""
    only = getattr(arguments, "only", None)
    chosen = [made for made in plan.outputs if only in (None, made.output.name)]
    name = version(plan.epoch, plan.id)
    root = out_root(work.project)
    return {made: delivery(plan.recipe.name, name, made.output, root, arguments.output) for made in chosen}


def _sign(work: Workspace, place: Delivery, report: Report) -> None:
    """Sign the release where this project has keys for that; `nodebake publish` insists on it."""
    if (work.project.root / "release_signers").exists():
        from builder.deploy.keys import Ring
        from builder.deploy.publish import sign_if_possible

        sign_if_possible(place.final, Ring(work.project.root), report)


def _answer(arguments: Namespace, work: Workspace, place: Delivery, seconds: float, report: Report) -> None:
    paths: dict[str, Path] = place.paths()
    if not arguments.json:
        report.data(str(paths[place.outcome.main]))
        return
    report.json(
        {
            "recipe": place.recipe,
            "version": place.version,
            "lock": str(work.lock_path),
            "seconds": round(seconds, 3),
            **{kind: str(path) for kind, path in paths.items()},
        }
    )
