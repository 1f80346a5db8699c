# SPDX-License-Identifier: Apache-2.0
"""`manifest.json`, format 3: what a release is, for all that comes after the build.

Publishing and deploying read this and nothing of the builder's insides. docs/reference/formats.md tells
every field; a change that an old reader could misread raises FORMAT.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from builder.errors import NodebakeError, damaged_manifest

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

FORMAT = 3
READABLE = (1, 2, 3)
"""Format 1 had no `netboot`, format 2 no `images` and none of what `_SINCE_3` names of an `image`."""
_SINCE_3 = ("trial", "identity", "bootcode")
_STRICT: ConfigDict = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class Archive:
    """One suite as it was: `date` of its Release in seconds since 1970."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    archive: str
    suite: str
    components: tuple[str, ...]
    date: int
    release_sha256: str


@dataclass(frozen=True)
class StepId:
    """One step of the plan that made this."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    kind: str
    label: str
    id: str


@dataclass(frozen=True)
class Package:
    """One installed package; `sha256` is that of its .deb."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str
    version: str
    architecture: str
    sha256: str
    source: str
    section: str


@dataclass(frozen=True)
class ContainerImage:
    """An image of a registry that docker is given; `sha256` is that of its manifest for `platform`."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str
    platform: str
    sha256: str


@dataclass(frozen=True)
class File:
    """One path of the tree, relative to its root; `mode` in octal, `links` names its hard link group."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    path: str
    type: str
    mode: str
    uid: int
    gid: int
    mtime: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    device: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()
    links: str = ""


@dataclass(frozen=True)
class NonFree:
    """A package that is not free software, and the text in the tree that permits passing it on."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    package: str
    section: str
    licence: str
    licence_sha256: str


@dataclass(frozen=True)
class ImagePartition:
    """`start` and `size` in bytes; `type` is the MBR's byte in hex."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    number: int
    start: int
    size: int
    type: str
    filesystem: str
    label: str
    uuid: str
    partuuid: str
    mount: str


@dataclass(frozen=True)
class NetbootBoard:
    """What one board boots. `memory` in MiB.

    `kernel`, `initramfs` and `device_trees` lie below the release's prefix, `start` and `fixup` at the top.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: str
    kernel: str
    initramfs: str
    device_trees: tuple[str, ...]
    start: str
    fixup: str
    memory: int


@dataclass(frozen=True)
class Trial:
    """How the image is tried before the card may boot it by itself: kernel and initramfs come over the
    network, as in :class:`Netboot`, and `cmdline` finds the root on the card."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    boot: str
    prefix: str
    cmdline: tuple[str, ...]
    boards: tuple[NetbootBoard, ...]


@dataclass(frozen=True)
class Slot:
    """A part of the image that is left to whoever writes it to a card, in bytes."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    start: int
    size: int


@dataclass(frozen=True)
class Image:
    """The disk that the image is: `size` in bytes, `disk_id` in hex; `trial` where its boards can try it.

    `identity` takes what makes a card a node's; at byte `bootcode` stands the name of `bootcode.bin`, 0 where
    the image has none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    size: int
    disk_id: str
    partitions: tuple[ImagePartition, ...]
    trial: Trial | None = None
    identity: Slot | None = None
    bootcode: int = 0


@dataclass(frozen=True)
class Netboot:
    """What is booted over the network. `boot`, `layers` (lowest first) and `root` name artifacts.

    `cmdline` holds the words that are the same for every node; `needs` is the memory, in bytes, that the
    mode takes from a node besides what its programs use.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    mode: Literal["shared", "private", "ram"]
    writable: Literal["tmpfs", "card", "loop"]
    persist: tuple[str, ...]
    prefix: str
    boot: str
    layers: tuple[str, ...]
    root: str
    cmdline: tuple[str, ...]
    boards: tuple[NetbootBoard, ...]
    needs: int


@dataclass(frozen=True)
class Artifact:
    """One file of the release, beside the manifest. `kind` says what it is for."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    kind: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A release. `epoch` is the build's only clock, seconds since 1970; `wants` names secrets."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    recipe: str
    version: str
    base: str
    boards: tuple[str, ...]
    architecture: str
    epoch: int
    lock: str
    archives: tuple[Archive, ...]
    steps: tuple[StepId, ...]
    packages: tuple[Package, ...]
    files: tuple[File, ...]
    non_free: tuple[NonFree, ...]
    image: Image | None
    artifacts: tuple[Artifact, ...]
    wants: tuple[str, ...]
    netboot: Netboot | None = None
    images: tuple[ContainerImage, ...] = ()


def dump(manifest: Manifest) -> str:
    """The manifest as JSON: keys sorted, each file, package and step on a line of its own."""
    # Not asdict() of the whole: with 20,000 files that alone takes a second.
    values: dict[str, Any] = {field.name: getattr(manifest, field.name) for field in fields(manifest)}
    values["format"] = FORMAT
    if not manifest.images:
        del values["images"]
    lines = [f"{json.dumps(key)}: {_value(values[key])}" for key in sorted(values)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse(text: str) -> Manifest:
    """The inverse of :func:`dump`; refuses other formats and whatever its format does not know."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise damaged_manifest([str(error)]) from error
    found = data.pop("format", None) if isinstance(data, dict) else None
    if found not in READABLE:
        raise NodebakeError(
            f"a release manifest of format `{found}` cannot be read",
            facts=[f"this nodebake reads formats up to {FORMAT}"],
            hint="update nodebake, or build the release again with this one",
        )
    if found == 1 and "netboot" in data:
        raise damaged_manifest(["netboot: format 1 does not know it"])
    early = [f"image.{name}" for name in _SINCE_3 if name in (data.get("image") or {})]
    early += ["images"] if "images" in data else []
    if found < 3 and early:
        raise damaged_manifest([f"{name}: format {found} does not know it" for name in early])
    from pydantic import ValidationError

    try:
        return _reader().validate_json(json.dumps(data))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors()]
        raise damaged_manifest(problems[:10]) from error


@cache
def _reader() -> TypeAdapter[Manifest]:
    """Made at first use, for making it takes longer than most verbs, and few read a manifest."""
    from pydantic import TypeAdapter

    return TypeAdapter(Manifest)


def _value(value: object) -> str:
    if isinstance(value, tuple) and value and not isinstance(value[0], str):
        return "[\n" + ",\n".join(f" {_line(item)}" for item in value) + "\n]"
    return _line(value)


def _line(value: object) -> str:
    """A value on one line; fields that have their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {
            field.name: getattr(value, field.name)
            for field in fields(value)
            if getattr(value, field.name) != field.default
        }
    return json.dumps(value, sort_keys=True, ensure_ascii=True, default=asdict)
