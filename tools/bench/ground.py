# SPDX-License-Identifier: Apache-2.0
"""What all rows stand on: a project with a lock, a store with all .debs, and ways to run things there."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from builder.archive import locking
from builder.archive.fetch import fetch, missing
from builder.build.workshop import interpreter
from builder.cli.workspace import Workspace, workspace
from builder.host.worker import Worker
from builder.lock.lock import Lock, Locked, Request
from builder.plan.plan import Plan, make
from tools.bench import INSIDE, RECIPE
from tools.bench.figure import Spent
from tools.bench.measure import Meter

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ground:
    """`work` is a folder of the benchmark's own. What is fetched stays there for the next time."""

    work: Path
    meter: Meter
    quick: bool

    @property
    def project(self) -> Path:
        return self.work / "project"

    @property
    def store(self) -> Path:
        return self.work / "store"

    @property
    def out(self) -> Path:
        return self.work / "out"

    def times(self, runs: int) -> int:
        """How often to run what should run `runs` times."""
        return 1 if self.quick else runs

    def prepare(self) -> None:
        """Make the project: the recipes as they are, a site of its own."""
        self.project.mkdir(exist_ok=True)
        for folder in ("recipes", "overlays"):
            shutil.rmtree(self.project / folder, ignore_errors=True)
            shutil.copytree(ROOT / folder, self.project / folder, symlinks=True)
        # With a home of its own, so that nobody's ssh keys go into it.
        words = ("init", "--keep")
        self.meter.run(nodebake(*words), cwd=self.project, env={**self.env(), "HOME": str(self.project)})
        # It is no measurement.
        self.meter.runs.clear()
        os.environ["NODEBAKE_STORE"] = str(self.store)

    def env(self, store: Path | None = None, out: Path | None = None) -> dict[str, str]:
        """What nodebake is told about places."""
        return {
            "NODEBAKE_STORE": str(store or self.store),
            "NODEBAKE_OUT": str(out or self.out),
            "PYTHONPATH": str(ROOT),
        }

    @cached_property
    def workspace(self) -> Workspace:
        return workspace(Namespace(project=self.project, recipe=RECIPE, set=[], jobs=None))

    @cached_property
    def lock(self) -> Lock:
        """The recipe's lock, with all its packages in the store."""
        lock = self.workspace.fresh_lock()
        locking.write_lock(self.workspace.lock_path, lock)
        self.fetch([*lock.packages, *lock.helpers[self.workspace.workshop.machine]], lock)
        return lock

    @property
    def plan(self) -> Plan:
        return make(self.workspace.recipe, self.lock, self.workspace.workshop.machine)

    def other_lock(self, request: Request) -> Lock:
        """What the archives answer to another request, with its packages in the store."""
        work = self.workspace
        named = {archive: work.mirrors[archive] for archive, _, _ in request.suites}
        machine = work.workshop.machine
        lock = locking.make_lock(RECIPE, request, named, self.store / "apt", machine)
        self.fetch([*lock.packages, *lock.helpers[machine]], lock)
        return lock

    def fetch(self, packages: Iterable[Locked], lock: Lock) -> None:
        """Bring packages into the store."""
        debs = self.workspace.workshop.store.debs
        fetch(missing(packages, debs), debs, self.workspace.mirrors, lambda _: None, lock.archives)

    def build(self, *words: str, **places: Path) -> tuple[Spent, str]:
        """Measure `nodebake build docker-sdcard WORDS`."""
        argv = nodebake("build", RECIPE, "--json", *words)
        return self.meter.run(argv, cwd=self.project, env=self.env(**places))

    def warm(self) -> None:
        """Have the recipe built, image and all, without measuring."""
        self.build()
        self.meter.runs.pop()

    @contextmanager
    def cold_store(self) -> Iterator[Path]:
        """A store that has all .debs, the dispatcher, and nothing that was ever built."""
        place = self.work / "cold"
        self.remove(place)
        (place / "debs").mkdir(parents=True)
        for deb in (self.store / "debs").glob("*.deb"):
            (place / "debs" / deb.name).hardlink_to(deb)
        interpreter(self.workspace.workshop, self.plan.recipe.base.architecture)
        shutil.copytree(self.store / "tools", place / "tools")
        try:
            yield place
        finally:
            self.remove(place)

    @contextmanager
    def inside(self, **folders: Path) -> Iterator[Worker]:
        """A worker that takes the orders of `inside.py`; it may write below `folders`."""
        ids = self.workspace.workshop.ids
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                os.chown(folder, ids.root, ids.root)
        group = self.meter.group
        with ExitStack() as stack:
            with group.joined() if group else nullcontext():
                worker = stack.enter_context(Worker(INSIDE, ids, {"store": self.store, **folders}))
            yield worker

    @contextmanager
    def peers(self) -> Iterator[Worker]:
        """A worker for peers, with an empty place to work in."""
        with self.inside(place=self.work / "place") as worker:
            worker.ask({"do": "clear"})
            try:
                yield worker
            finally:
                worker.ask({"do": "clear"})

    def ask(self, worker: Worker, order: Mapping[str, Any]) -> Spent:
        """Have a peer measured in there."""
        group = self.meter.group
        account = {"account": str(group.stat)} if group else {}
        (told,) = worker.ask({**order, **account})
        spent = Spent(**told)
        self.meter.runs.append(spent)
        return spent

    def remove(self, place: Path) -> None:
        """Remove a store or a folder of ours; its files may belong to mapped ids."""
        if not place.exists():
            return
        if os.geteuid() != 0 and (place / "objects").exists():
            with self.inside(place=place) as worker:
                worker.ask({"do": "remove"})
        shutil.rmtree(place)


def python(module: str, *words: str) -> list[str]:
    """A module of this checkout as a command."""
    return [sys.executable, "-m", module, *words]


def nodebake(*words: str) -> list[str]:
    """The command, as of this checkout."""
    return python("builder", *words)
