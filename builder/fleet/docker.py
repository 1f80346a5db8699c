# SPDX-License-Identifier: Apache-2.0
"""Docker onto nodes whose root was made by hand: what is brought there, and which nodes share a root."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import RecipeError, RefusedError
from builder.fleet.machine import Machine
from builder.fleet.node import pairs
from builder.fleet.order import Outcome
from builder.recipe import docker_strategy
from builder.recipe.docker_strategy import Strategy
from builder.recipe.layer.docker import of_a_root_by_hand

STAGE = "/var/lib/nodebake/docker/stage"
OVERLAYS = ("docker-data", "docker-check")
ON_HEAD = ("loop", "fuse-overlayfs", "vfs")
"""The strategies whose data lie in a folder of the head."""
NODE = "NODE"
"""In the name of that folder: the node's own."""
_FOLDER = re.compile(r"[0-9.]+:(/[A-Za-z0-9._-]+)+")


@dataclass(frozen=True)
class Kit:
    """What makes docker of a node: packages, and files by path from the root."""

    packages: tuple[str, ...]
    files: Mapping[str, bytes]

    def pack(self, archive: Path) -> None:
        """Write a tar of the files. Programs below usr/lib/nodebake are the ones that can be run."""
        with tarfile.open(archive, "w") as tar:
            for path, data in sorted(self.files.items()):
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                entry.mode = 0o755 if path.startswith("usr/lib/nodebake/") else 0o644
                tar.addfile(entry, io.BytesIO(data))


def kit(strategy: str, folder: str, overlays: Path) -> Kit:
    """The kit for a strategy; `folder` is IP:/path with NODE in it, where the head has the data."""
    found = _strategy(strategy)
    packages, settings = of_a_root_by_hand(found)
    if strategy in ON_HEAD:
        settings["etc/nodebake/docker"] += f"FOLDER={_spelled(folder)}\n"
    files = {
        str(path.relative_to(overlays / name)): path.read_bytes()
        for name in OVERLAYS
        for path in sorted((overlays / name).rglob("*"))
        if path.is_file() and path.name != "overlay.yaml"
    }
    return Kit(packages, files | {path: text.encode() for path, text in settings.items()})


def one_of_each_root(machines: Sequence[Machine], looks: Iterable[Outcome]) -> list[Machine]:
    """The first machine of each root. Raises RefusedError for roots that are releases."""
    first: dict[str, Machine] = {}
    made = []
    for machine, look in zip(machines, looks, strict=True):
        told = dict(pairs(look.stdout))
        if told.get("mode", "") not in ("", "private"):
            made.append(machine.name)
        source, _, kind = told.get("root", "").partition(" ")
        first.setdefault(source if kind in ("nfs", "nfs4") else machine.name, machine)
    if made:
        raise RefusedError(
            "the root of some nodes is a release of nodebake's: what is added there is gone at a reboot",
            facts=made,
            hint="nodebake publish docker-netboot-sd, or docker-netboot-overlay",
        )
    return list(first.values())


def _strategy(name: str) -> Strategy:
    found = docker_strategy.named(name)
    why = docker_strategy.refusal(name, "netboot")
    if found is None or why:
        raise RecipeError(f"docker's `{name}` cannot be had here: {why or 'there is no such strategy'}")
    return found


def _spelled(folder: str) -> str:
    """The folder as the node's shell reads it."""
    if not _FOLDER.fullmatch(folder) or NODE not in folder.split("/"):
        raise RecipeError(
            f"`--folder {folder}` is no folder of the head for each node",
            hint=f"IP:/path with {NODE} as one of its parts, as in 10.42.0.250:/pxe/nodes/{NODE}/docker",
        )
    return "/".join("$(uname -n)" if part == NODE else part for part in folder.split("/"))
