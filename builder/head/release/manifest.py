# SPDX-License-Identifier: Apache-2.0
"""What the head reads of a release's `manifest.json`, formats 2 and 3.

docs/reference/formats.md tells every field. The head has no pydantic, so the few fields that it acts by are
checked here; whoever signed the manifest vouches for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import NodebakeError, damaged_manifest
from builder.head.ground.layout import NAME

FORMAT = 3
READABLE = (2, 3)
MODES = ("shared", "private", "ram", "card")
"""`card`: kernel and initramfs come from here, and the root is on the node's card."""
_FLASHED = ("compressed", "index")
WRITABLE = ("tmpfs", "card", "loop")


@dataclass(frozen=True)
class Artifact:
    """One file beside the manifest; `kind` is `boot`, `layer`, `root` and so on."""

    kind: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Board:
    """What one board boots, as names below the release's prefix. `memory` is in MiB."""

    name: str
    kernel: str
    initramfs: str
    memory: int


@dataclass(frozen=True)
class Release:
    """A release that nodes boot over the network. `needs` is the memory in bytes that mode `ram` takes.

    `image` names what a card is flashed from, in mode `card`: the compressed image and its index.
    """

    recipe: str
    version: str
    epoch: int
    mode: str
    writable: str
    prefix: str
    boot: str
    layers: tuple[str, ...]
    root: str
    cmdline: tuple[str, ...]
    boards: tuple[Board, ...]
    needs: int
    artifacts: tuple[Artifact, ...]
    image: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.recipe}/{self.version}"

    def artifact(self, name: str) -> Artifact:
        """The artifact of that name; parse() has seen that it is there."""
        return next(each for each in self.artifacts if each.name == name)

    @property
    def served(self) -> tuple[str, ...]:
        """The artifacts that nodes boot from, or flash; the others are for people."""
        return (self.boot, *self.layers, *([self.root] if self.root else []), *self.image)


def read(folder: Path) -> Release:
    """The release of a folder. Raises NodebakeError."""
    try:
        return parse((folder / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise NodebakeError(
            f"`{folder}` holds no release", hint="name the folder that holds manifest.json"
        ) from None


def parse(data: bytes) -> Release:
    """A release from the bytes of its manifest."""
    try:
        fields = json.loads(data)
        found = fields.get("format")
        if found not in READABLE:
            raise NodebakeError(
                f"a release manifest of format `{found}` cannot be published",
                facts=[f"this nodebake-head reads formats up to {FORMAT}"],
                hint="build the release again, or install the nodebake-head that belongs to your nodebake",
            )
        trial = (fields.get("image") or {}).get("trial")
        if not fields.get("netboot") and not trial:
            raise NodebakeError(
                f"`{fields['recipe']}/{fields['version']}` is no release for network boot",
                hint="publish a recipe with `outputs: {netboot: …}`",
            )
        release = _release(fields, trial) if trial else _release(fields, fields["netboot"])
        faults = _faults(release)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged_manifest([f"{type(error).__name__}: {error}"]) from error
    if faults:
        raise damaged_manifest(faults)
    return release


def files(folder: Path) -> list[dict[str, Any]]:
    """The paths of the release's root with their metadata, as the manifest has them."""
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_bytes())["files"]
    return found


def _release(fields: Mapping[str, Any], netboot: Mapping[str, Any]) -> Release:
    """From the manifest and its part that is booted: `netboot`, or `image.trial`."""
    return Release(
        recipe=fields["recipe"],
        version=fields["version"],
        epoch=fields["epoch"],
        mode=netboot.get("mode", "card"),
        writable=netboot.get("writable", "tmpfs"),
        prefix=netboot["prefix"],
        boot=netboot["boot"],
        layers=tuple(netboot.get("layers", ())),
        root=netboot.get("root", ""),
        cmdline=tuple(netboot.get("cmdline", ())),
        boards=tuple(
            Board(each["name"], each["kernel"], each.get("initramfs", ""), each.get("memory", 0))
            for each in netboot["boards"]
        ),
        needs=netboot.get("needs", 0),
        artifacts=tuple(
            Artifact(each["kind"], each["name"], each["size"], each["sha256"]) for each in fields["artifacts"]
        ),
        image=tuple(each["name"] for each in fields["artifacts"] if each["kind"] in _FLASHED),
    )


def _faults(release: Release) -> list[str]:
    """What would lead out of the folders, or to files that are not there."""
    names = [each.name for each in release.artifacts]
    prefix = release.prefix.removesuffix("/")
    parts = (release.recipe, release.version, prefix, *names)
    found = [f"`{part}` cannot be a name" for part in parts if not NAME.fullmatch(part)]
    found += [f"there is no artifact `{name}`" for name in release.served if name not in names]
    if release.mode not in MODES or release.writable not in WRITABLE:
        found.append(f"mode `{release.mode}`, writable `{release.writable}`")
    if release.prefix != f"{prefix}/":
        found.append(f"the prefix `{release.prefix}` does not end in a slash")
    rooted = {"private": (True, False), "card": (False, False)}.get(release.mode, (False, True))
    if (bool(release.root), bool(release.layers)) != rooted:
        found.append(f"mode `{release.mode}` with {len(release.layers)} layers and root `{release.root}`")
    if (release.mode == "card") != (len(release.image) == len(_FLASHED)):
        found.append(f"mode `{release.mode}` with {len(release.image)} of {' and '.join(_FLASHED)}")
    found += [
        f"the command line's `{word}` is not one word" for word in release.cmdline if word.split() != [word]
    ]
    return found
