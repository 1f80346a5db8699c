# SPDX-License-Identifier: Apache-2.0
"""The store: everything that was built or fetched, by the name of its content.

    format              the number of this layout
    lock                held by who works here: shared by builds, alone by who removes (hold.py)
    debs/SHA256.deb     packages, as fetched
    blobs/SHA256        pieces of images of registries, as fetched
    objects/ID/         its mtime says when a build used it last, as that of a .deb or a blob does
    objects/ID/delta/   what a step wrote: an overlayfs upper directory
    objects/ID/listing  its entries, JSON lines
    objects/ID/step     what the step was, JSON
    tmp/ID/             a step at work; taken over or removed by the next one that wants ID
    tmp/ID.lock         held while ID is being built
    logs/ID.log         what the step's programs said
    plans/RECIPE        the former plan of a recipe, to say why a step is not cached
    resolved/KEY        a recipe as it was resolved last, with all that it was read from
    apt/KEY/            private apt roots with verified indexes
    tools/              programs that were compiled for this machine

Files below objects/ and tmp/ belong to the build's mapped ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from builder.errors import LackingError, StepError

FORMAT = "1"
_OURS = ("debs", "blobs", "logs", "plans", "resolved", "apt", "tools")
_MAPPED = ("objects", "tmp")


class Store:
    """The store at `root`. Opening makes what is missing of its layout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, root: Path, owner: int) -> Store:
        """Open or make the store; `owner` is the uid outside that is 0 inside a build.

        Raises LackingError when it has another format or cannot be written.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            mark = root / "format"
            found = mark.read_text().strip() if mark.exists() else ""
            if not found:
                # None yet, or no more than its name: of who is at it just now, or had no room for it.
                mark.write_text(FORMAT + "\n")
            elif found != FORMAT:
                raise LackingError(
                    f"the store `{root}` has format {found}, this nodebake knows {FORMAT}",
                    hint="use another place: NODEBAKE_STORE=DIR",
                )
            for name in (*_OURS, *_MAPPED):
                (root / name).mkdir(mode=0o755, exist_ok=True)
            if os.geteuid() == 0:
                for name in _MAPPED:
                    os.chown(root / name, owner, owner)
                os.chown(root / "logs", owner, owner)
        except OSError as error:
            raise LackingError(
                f"the store `{root}` cannot be written",
                facts=[error.strerror or str(error)],
                hint="place it elsewhere: NODEBAKE_STORE=DIR",
            ) from error
        return cls(root)

    @property
    def debs(self) -> Path:
        return self.root / "debs"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    def blob(self, sha256: str) -> Path:
        """Where a piece of an image lies, or would."""
        return self.blobs / sha256

    def fetched(self, kind: str, sha256: str) -> Path:
        """Where a `deb` or a `blob` lies, or would."""
        return self.debs / f"{sha256}.deb" if kind == "deb" else self.blob(sha256)

    @property
    def tools(self) -> Path:
        return self.root / "tools"

    def object(self, identity: str) -> Path:
        """Where a step's result lies, or would."""
        return self.root / "objects" / identity

    def has(self, identity: str) -> bool:
        """Whether a step's result is there. An object appears with one rename, so whole or not."""
        return self.object(identity).is_dir()

    def use(self, places: Iterable[Path]) -> None:
        """Mark objects or package files as used now; what is not there is passed over."""
        for place in places:
            with suppress(FileNotFoundError):
                os.utime(place)

    def delta(self, identity: str) -> Path:
        return self.object(identity) / "delta"

    def listing(self, identity: str) -> Path:
        return self.object(identity) / "listing"

    def listed(self, identity: str) -> str:
        """An object's listing. Raises StepError where it has been lost."""
        try:
            return self.listing(identity).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise StepError(
                f"object {identity[:12]} of the store is damaged",
                facts=["its listing cannot be read"],
                hint="nodebake store verify --repair",
            ) from error

    def log(self, identity: str) -> Path:
        return self.root / "logs" / f"{identity}.log"

    def plan(self, recipe: str) -> Path:
        return self.root / "plans" / recipe
