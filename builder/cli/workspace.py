# SPDX-License-Identifier: Apache-2.0
"""What lock, plan and build share: the recipe, this machine, the archives' hosts, the lock."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from builder.archive import locking, snapshot
from builder.archive.hosts import Mirror, choose, machine_archives, require_keys
from builder.base.archives import PUBLIC
from builder.build.workshop import Workshop, open_workshop, store_root
from builder.cli import placement
from builder.cli.project import Project, parse_settings, project_of
from builder.cli.remembered import resolved
from builder.lock.lock import Lock, Request
from builder.lock.request import changes, request, staleness
from builder.recipe.recipe import Recipe
from builder.registry.locking import lock_images
from builder.report.report import Report


@dataclass(frozen=True)
class Workspace:
    """A recipe about to be locked, planned or built on this machine."""

    project: Project
    recipe: Recipe
    wanted: Request
    workshop: Workshop
    mirrors: Mapping[str, Mirror]
    """Those that the recipe's base names, and the one of former states."""

    @property
    def lock_path(self) -> Path:
        return self.project.root / "locks" / f"{self.recipe.name}.lock"

    def renew(self, before: Lock | None) -> Lock:
        """A lock of what the archives have now, written in place of `before`.

        It names the placement of the latest release, so that the next one moves little. Raises
        RefusedError when the archives have gone back in time.
        """
        fresh = self.fresh_lock()
        if before:
            locking.not_older(before, fresh)
        former = placement.of_latest(out_root(self.project) / self.recipe.name / "latest")
        if former is not None:
            fresh = replace(fresh, placement=placement.keep(former, self.lock_path))
        elif before:
            fresh = replace(fresh, placement=before.placement)
        locking.write_lock(self.lock_path, fresh)
        placement.forget_others(fresh, self.lock_path)
        return fresh

    def fresh_lock(self) -> Lock:
        store = self.workshop.store
        named = {word: mirror for word, mirror in self.mirrors.items() if word != snapshot.WORD}
        lock = locking.make_lock(
            self.recipe.name, self.wanted, named, store.root / "apt", self.workshop.machine
        )
        return replace(lock, images=lock_images(self.recipe))

    def lock(self, report: Report, *, locked: bool) -> Lock:
        """The lock to build by: the one that is there while it answers the recipe, else a new one."""
        lock = locking.read_lock(self.lock_path)
        if locked:
            return locking.insist(lock, self.wanted, self.recipe.name)
        reasons = staleness(lock, self.wanted) if lock else ["there is none yet"]
        if lock and self.workshop.machine not in lock.helpers:
            reasons.append(f"it has no build tools for {self.workshop.machine}")
        if lock and not reasons:
            return lock
        report.say(f"locking {self.recipe.name}: {'; '.join(reasons)}")
        fresh = self.renew(lock)
        for change in changes(lock, fresh) if lock else ():
            report.say(f"  {change}")
        return fresh


def workspace(arguments: Namespace) -> Workspace:
    """The workspace that a command line names."""
    project = project_of(arguments)
    settings = parse_settings(arguments.set)
    found = resolved(project, arguments.recipe, settings, store_root(os.environ))
    recipe = found.recipe
    wanted = request(recipe)
    words = dict.fromkeys(archive for archive, _, _ in (*wanted.suites, *wanted.tools))
    keys = dict(recipe.keyrings)
    require_keys(words, keys)
    mirrors = choose(
        [*words, snapshot.WORD],
        public=PUBLIC,
        keys=keys,
        site=found.archives,
        environment=os.environ,
        machine=machine_archives(),
    )
    return Workspace(project, recipe, wanted, open_workshop(getattr(arguments, "jobs", None)), mirrors)


def out_root(project: Project) -> Path:
    """NODEBAKE_OUT, or `out/` of the project."""
    return Path(os.environ.get("NODEBAKE_OUT") or project.root / "out")
