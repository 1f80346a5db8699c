# SPDX-License-Identifier: Apache-2.0
"""An output's place: made beside it, and there with one rename."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder import __version__
from builder.build.outcome import Outcome, outcome
from builder.errors import NodebakeError, RecipeError, RefusedError
from builder.host import linux
from builder.host.files import point, remove_tree, replace_folder
from builder.host.folder import held
from builder.lock.file import dump as dump_lock
from builder.lock.lock import Lock
from builder.plan.plan import Plan
from builder.recipe.recipe import Output
from builder.release import checksums, contents, manifest, provenance, sbom
from builder.release.manifest import Artifact, Manifest, StepId
from builder.store.store import Store
from builder.tree.entry import merge, parse

_MAKING = ".making"


_OWN = {
    "manifest": "manifest.json",
    "sbom": "sbom.spdx.json",
    "provenance": "provenance.intoto.json",
    "checksums": checksums.NAME,
}
"""What lies beside every output."""
_SIGNATURE = f"{_OWN['manifest']}.sig"
_FOREIGN_SHOWN = 3


@dataclass(frozen=True)
class Delivery:
    """Where an output goes. `final` is its folder; `latest` a link to be pointed there, or None."""

    recipe: str
    version: str
    output: Output
    final: Path
    latest: Path | None

    @property
    def outcome(self) -> Outcome:
        """What is delivered."""
        return outcome(self.output, self.stem)

    @property
    def parent(self) -> Path:
        return self.final.parent

    @property
    def making(self) -> Path:
        """Where the worker makes it: beside the final place, so that a rename brings it there."""
        return self.parent / f".{self.final.name}{_MAKING}"

    @property
    def stem(self) -> str:
        return f"{self.recipe}-{self.version}"

    def is_there(self) -> bool:
        """Whether this very output has been delivered. It came with one rename, so it is whole."""
        return all(path.is_file() for path in self.paths().values())

    def paths(self) -> dict[str, Path]:
        """The files of the delivery by what they are."""
        return {kind: self.final / name for kind, name in {**self.outcome.names(), **_OWN}.items()}

    @property
    def former(self) -> Path | None:
        """The folder of the release before, as far as it can be known here."""
        return self.latest.resolve() if self.latest and self.latest.is_dir() else None

    @contextmanager
    def open(self, owner: int, say: Callable[[str], None]) -> Iterator[None]:
        """Hold the place while the body fills `making`; then bring it to `final`.

        `owner` is the uid outside that is 0 in the worker. One build at a time works here, `say` is told
        when another one has to end first; what an interrupted one left is removed. Raises RefusedError
        when something that is not a delivery is in the way.
        """
        with ExitStack() as place:
            try:
                waiting = f"waiting for another build into `{self.parent}`"
                place.enter_context(held(self.parent, lambda: say(waiting)))
                self._refuse_foreign()
                for stale in self.parent.glob(f".*{_MAKING}"):
                    remove_tree(stale)
                self.making.mkdir()
                if os.geteuid() == 0:
                    os.chown(self.making, owner, owner)
            except OSError as error:
                raise self._no_place(error) from error
            try:
                yield
                self._own()
                # `is_there` does not read it again, and a loss of power may leave the name without all of it.
                linux.settle(self.making)
                replace_folder(self.making, self.final)
            finally:
                shutil.rmtree(self.making, ignore_errors=True)
            if self.latest:
                point(self.latest, self.final.name)

    def _no_place(self, error: OSError) -> Exception:
        """What to tell when nothing can be made where the results are to go."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return error
        return RecipeError(
            f"the results cannot go into `{self.final}`",
            facts=[f"`{error.filename}`: {(error.strerror or str(error)).lower()}"],
            hint="name a folder that you may make or write: --output DIR, or NODEBAKE_OUT=DIR for all",
        )

    def describe(self, plan: Plan, lock: Lock, store: Store, former: str) -> Manifest:
        """All that can be said of the release before the image is there; `former` as for an order."""
        merged = merge(parse(store.listed(step.id)) for step in plan.tree)
        listing = self.outcome.listing(merged, plan, self.version, former)
        recipe = plan.recipe
        return Manifest(
            recipe=recipe.name,
            version=self.version,
            base=recipe.base.name,
            boards=tuple(board.name for board in recipe.boards),
            architecture=recipe.base.architecture,
            epoch=plan.epoch,
            lock=hashlib.sha256(dump_lock(lock).encode()).hexdigest(),
            archives=contents.archives(lock.archives),
            steps=tuple(StepId(step.kind, step.label, step.id) for step in plan.steps),
            packages=contents.packages(lock.packages),
            files=contents.files(listing),
            non_free=contents.non_free(lock.packages, listing),
            image=None,
            artifacts=(),
            wants=recipe.wants,
            images=contents.images(lock.images),
        )

    def release(self, plan: Plan, lock: Lock, bare: Manifest, found: Sequence[Any]) -> None:
        """Write manifest, bill of materials, provenance and checksums beside what the worker made.

        `found` is what it told of that.
        """
        whole = self.outcome.complete(bare, plan, self.making, found)
        distribution = plan.recipe.base.release
        text = sbom.sbom(bare, distribution=distribution, tool=f"nodebake-{__version__}")
        (self.making / _OWN["sbom"]).write_text(text)
        artifacts = (*self.outcome.artifacts(self.making), self._artifact("sbom"))
        statement = _provenance(plan, lock, replace(bare, artifacts=artifacts))
        (self.making / _OWN["provenance"]).write_text(statement)
        artifacts += (self._artifact("provenance"),)
        text = manifest.dump(replace(whole, artifacts=artifacts))
        (self.making / _OWN["manifest"]).write_text(text)
        sums = {a.name: a.sha256 for a in artifacts}
        sums[_OWN["manifest"]] = hashlib.sha256(text.encode()).hexdigest()
        (self.making / _OWN["checksums"]).write_text(checksums.dump(sums))

    def _artifact(self, kind: str) -> Artifact:
        path = self.making / _OWN[kind]
        return Artifact(kind, path.name, path.stat().st_size, checksums.file_sha256(path))

    def _refuse_foreign(self) -> None:
        """What is replaced is gone: nothing but a former delivery may be."""
        hint = "name an empty or a new folder: --output DIR"
        if not self.final.exists():
            return
        if not self.final.is_dir():
            raise RefusedError(f"`{self.final}` is there, and is no folder", hint=hint)
        foreign = _foreign(self.final)
        if foreign:
            raise RefusedError(
                f"`{self.final}` holds something that nodebake did not put there",
                facts=[", ".join(f"`{name}`" for name in foreign[:_FOREIGN_SHOWN])],
                hint=hint,
            )

    def _own(self) -> None:
        """Make the results the caller's, and readable for whoever serves them."""
        for path in (self.making, *self.making.iterdir()):
            if os.geteuid() == 0:
                os.chown(path, 0, 0)
            path.chmod(0o755 if path.is_dir() else 0o644)


def _foreign(folder: Path) -> list[str]:
    """Names in a folder that no delivery brought there, by the checksums of the one that lies in it."""
    try:
        sums = checksums.parse((folder / checksums.NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, NodebakeError):
        sums = {}
    ours = {*sums, checksums.NAME, _SIGNATURE} if _OWN["manifest"] in sums else set()
    return sorted(path.name for path in folder.iterdir() if path.name not in ours)


def _provenance(plan: Plan, lock: Lock, made: Manifest) -> str:
    machine = plan.helper.inputs["architecture"]
    return provenance.provenance(
        made,
        tools=contents.packages(lock.helpers[machine]),
        hosts=dict(plan.recipe.sources_list),
        distribution=plan.recipe.base.release,
        version=__version__,
        placement=lock.placement,
    )


def delivery(recipe: str, version: str, output: Output, root: Path, chosen: Path | None) -> Delivery:
    """The place of a version of an output: `chosen` itself, or a folder of its own below `root`."""
    if chosen:
        # A link is followed: what it leads to is filled, and the link stays.
        return Delivery(recipe, version, output, chosen.resolve(), None)
    folder = root.absolute() / recipe
    return Delivery(recipe, version, output, folder / version, folder / "latest")
