# SPDX-License-Identifier: Apache-2.0
"""The delivery of what is booted over the network: a boot tree, and layers or a root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from builder.build.outcome.boards import boards, told_boards
from builder.netboot.served import notes, served
from builder.plan.plan import Made, Plan
from builder.recipe.recipe import NetbootOutput
from builder.release import checksums
from builder.release.manifest import Artifact, Manifest, Netboot
from builder.tree.entry import Entry
from builder.tree.noted import noted

_LOWER = 2
"""How many of the tree's steps, packages and firmware, make the lower layer."""


@dataclass(frozen=True)
class NetbootOutcome:
    """`stem` begins the names of the files."""

    output: NetbootOutput
    stem: str
    main = "manifest"

    def names(self) -> dict[str, str]:
        """What is delivered: file names by what they are."""
        boot = {"boot": f"{self.stem}.boot.tar"}
        if not self.output.layered:
            return {**boot, "root": f"{self.stem}.root.tar.zst"}
        return {**boot, **{word: f"{self.stem}.{word}.squashfs" for word in ("base", "top")}}

    def order(self, plan: Plan, made: Made, former: str) -> dict[str, Any]:
        """What the worker is told."""
        version = self.stem.removeprefix(f"{plan.recipe.name}-")
        return {
            "kind": self.output.name,
            "id": made.id,
            "name": self.stem,
            "release": f"{plan.recipe.name}/{version}",
            "prefix": f"{version}/",
            "tree": [step.id for step in plan.tree],
            "lower": _LOWER,
            "helper": plan.helper.id,
            "epoch": plan.epoch,
            "output": asdict(self.output),
            "boards": boards(plan.recipe.boards),
        }

    def listing(self, merged: Sequence[Entry], plan: Plan, version: str, former: str) -> Sequence[Entry]:
        """What of the tree is delivered."""
        told = notes(self.output, f"{plan.recipe.name}/{version}")
        return served(noted(merged, told, plan.epoch), self.output).entries

    def parts(self, found: Sequence[Any]) -> tuple[str, ...]:
        """The objects of the store that it is made of: the layers."""
        return tuple(found[0]["objects"])

    def remarks(self, found: Sequence[Any]) -> tuple[str, ...]:
        """What whoever builds should know."""
        lost = found[0]["lost"]
        return (f"without their capabilities, which NFS does not keep: {', '.join(lost)}",) if lost else ()

    def artifacts(self, making: Path) -> tuple[Artifact, ...]:
        """The files in `making` as the manifest tells them."""
        return tuple(_artifact(kind, making / name) for kind, name in self.names().items())

    def complete(self, bare: Manifest, plan: Plan, making: Path, found: Sequence[Any]) -> Manifest:
        """The manifest with what the worker has told of what it made."""
        told = {key: _frozen(value) for key, value in found[0]["netboot"].items()}
        return replace(bare, netboot=Netboot(boards=told_boards(told.pop("boards")), **told))


def _artifact(kind: str, path: Path) -> Artifact:
    kind = "layer" if path.suffix == ".squashfs" else kind
    return Artifact(kind, path.name, path.stat().st_size, checksums.file_sha256(path))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
