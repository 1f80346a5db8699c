# SPDX-License-Identifier: Apache-2.0
"""One lock, installed by both engines: a recipe's packages without the kernel.

The kernel's own scripts, emulated, take longer than all the rest, and what they make is the firmware
step's business. What the store has is not installed again, so a second run takes seconds.
"""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from builder.archive.fetch import fetch, missing
from builder.build.staff import worker_for
from builder.build.workshop import Workshop
from builder.cli.workspace import Workspace, workspace
from builder.lock.lock import Lock
from builder.plan.encode import encode
from builder.plan.plan import VERSIONS, Plan, make
from builder.plan.step import Step
from builder.recipe.effect import FromFile, RunScript
from builder.tree.entry import Entry, merge, parse
from tests.long.mirror import locked

_SCRIPT = Path(__file__).with_name("ask-dpkg.sh")


@dataclass(frozen=True)
class Tree:
    """What an engine's package step made, as deltas (highest first) and as seen through them.

    `said` is what the tree's own dpkg finds wrong with it.
    """

    deltas: tuple[Path, ...]
    entries: Mapping[str, Entry]
    said: str

    def read(self, path: str) -> bytes:
        return next(delta / path for delta in self.deltas if (delta / path).exists()).read_bytes()


def trees(
    project: Path, recipe: str, settings: Sequence[str], *engines: str, whole: bool = False
) -> list[Tree]:
    """The trees of the engines, one lock for all; `settings` as `--set` takes them.

    Without the kernel unless `whole`.
    """
    work = workspace(Namespace(project=project, recipe=recipe, set=settings))
    work = work if whole else _without_kernel(work)
    lock = locked(work)
    return [_tree(work, lock, make(work.recipe, lock, work.workshop.machine, engine)) for engine in engines]


def _without_kernel(work: Workspace) -> Workspace:
    kernel = {"raspi-firmware", *(kernel.package for kernel in work.recipe.kernels)}
    assert set(work.wanted.packages) >= kernel
    names = tuple(name for name in work.wanted.packages if name not in kernel)
    return replace(
        work,
        recipe=replace(work.recipe, name=f"{work.recipe.name}-{work.recipe.base.name}-without-kernel"),
        wanted=replace(work.wanted, packages=names),
    )


def _tree(work: Workspace, lock: Lock, plan: Plan) -> Tree:
    """The tree of a plan's package step, without what no image keeps of it; and what dpkg says there."""
    packages = plan.tree[0]
    finish = replace(plan.tree[-1], below=(packages.id,))
    text = _SCRIPT.read_bytes()
    script = RunScript(FromFile(_SCRIPT.name, hashlib.sha256(text).hexdigest(), len(text)))
    inputs = {"effects": [encode(script)], "epoch": plan.epoch}
    question = Step("script", VERSIONS["script"], "dpkg", inputs, (packages.id, finish.id), plan.helper.id)
    store = work.workshop.store
    steps = [step for step in (plan.helper, packages, finish, question) if not store.has(step.id)]
    if steps:
        _fetch(work, lock)
        _build(work.workshop, lock.request.architecture, steps)
    layers = [packages.id, finish.id]
    entries = {entry.path: entry for entry in merge(parse(store.listed(layer)) for layer in layers)}
    deltas = tuple(store.delta(layer) for layer in reversed(layers))
    return Tree(deltas, entries, (store.delta(question.id) / "said").read_text())


def _fetch(work: Workspace, lock: Lock) -> None:
    debs = work.workshop.store.debs
    absent = missing([*lock.packages, *lock.helpers[work.workshop.machine]], debs)
    fetch(absent, debs, work.mirrors, lambda count: None, lock.archives)


def _build(workshop: Workshop, architecture: str, steps: list[Step]) -> None:
    with worker_for(architecture, workshop, {"project": _SCRIPT.parent}) as worker:
        for step in steps:
            worker.ask({"build": {**asdict(step), "id": step.id}})
