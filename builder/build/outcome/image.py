# SPDX-License-Identifier: Apache-2.0
"""The delivery of a card image: the image, and what is read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.build.outcome.boards import boards, told_boards
from builder.image.fat32.find import place_of
from builder.image.geometry import geometry
from builder.image.layout import layout_of
from builder.image.placement import parse as parse_placement
from builder.image.placement import parse_head
from builder.image.redate import redate
from builder.plan.plan import Made, Plan
from builder.recipe.recipe import ImageOutput
from builder.release import checksums, index
from builder.release.manifest import Artifact, Manifest, Trial
from builder.tree.entry import Entry
from builder.tree.noted import noted, released

_BOOTCODE = b"BOOTCODEBIN"
"""What a boot ROM looks for, as its entry in the folder has it."""


@dataclass(frozen=True)
class ImageOutcome:
    """`stem` begins the names of the files."""

    output: ImageOutput
    stem: str
    main = "image"

    def names(self) -> dict[str, str]:
        """What is delivered: file names by what they are."""
        image = f"{self.stem}.img"
        return {
            **({"boot": f"{self.stem}.boot.tar"} if self.output.trial else {}),
            "image": image,
            "compressed": f"{image}.zst",
            "bmap": f"{image}.bmap",
            "index": f"{image}.index",
            "placement": f"{image}.placement",
        }

    def order(self, plan: Plan, made: Made, former: str) -> dict[str, Any]:
        """What the worker is told; `former` is the placement of the release before, as text."""
        return {
            "kind": self.output.name,
            "id": made.id,
            "name": self.stem,
            "tree": [step.id for step in plan.tree],
            "helper": plan.helper.id,
            "epoch": plan.epoch,
            "seed": plan.seed,
            "boot_size": self.output.boot_size,
            "free": self.output.free,
            "compression_level": self.output.compression_level,
            "former": former,
            "release": self._release(plan),
            "prefix": self._prefix(plan),
            "boards": boards(board for board in plan.recipe.boards if board.name in self.output.trial),
        }

    def listing(self, merged: Sequence[Entry], plan: Plan, version: str, former: str) -> Sequence[Entry]:
        """What of the tree is delivered, as it will be dated."""
        known = noted(merged, released(self._release(plan)), plan.epoch)
        return redate(known, plan.epoch, parse_placement(former) if former else None).entries

    def parts(self, found: Sequence[Any]) -> tuple[str, ...]:
        """The objects of the store that it is made of."""
        return ()

    def remarks(self, found: Sequence[Any]) -> tuple[str, ...]:
        """What whoever builds should know."""
        return ()

    def artifacts(self, making: Path) -> tuple[Artifact, ...]:
        """The files in `making` as the manifest tells them."""
        return tuple(self._artifact(kind, making / name) for kind, name in self.names().items())

    def complete(self, bare: Manifest, plan: Plan, making: Path, found: Sequence[Any]) -> Manifest:
        """The manifest with what only the finished image tells."""
        layout = layout_of(parse_head(making / self.names()["placement"]))
        bootcode = place_of(making / self.names()["image"], layout.boot.start, _BOOTCODE)
        image = geometry(layout, plan.identity, bootcode)
        told = found[0]["trial"] if found else None
        if told:
            trial = Trial(
                boot=self.names()["boot"],
                prefix=self._prefix(plan),
                cmdline=tuple(told["cmdline"]),
                boards=told_boards(told["boards"]),
            )
            image = replace(image, trial=trial)
        return replace(bare, image=image)

    def _prefix(self, plan: Plan) -> str:
        return f"{self.stem.removeprefix(f'{plan.recipe.name}-')}/"

    def _release(self, plan: Plan) -> str:
        return f"{plan.recipe.name}/{self._prefix(plan)}".rstrip("/")

    def _artifact(self, kind: str, path: Path) -> Artifact:
        if kind == "image":
            # The one pass over it has its hash already; the image is the largest file by far.
            sha256 = index.parse(path.with_suffix(".img.index").read_bytes()).image_sha256
        else:
            sha256 = checksums.file_sha256(path)
        return Artifact(kind, path.name, path.stat().st_size, sha256)
