# SPDX-License-Identifier: Apache-2.0
"""What layers amount to: the few primitive effects that building knows how to do.

A layer kind is what a recipe may ask for; it *expands* to effects. Effects are values: the plan
groups them into steps, and a step carries them out inside the tree. Paths are relative to the
tree's root, without a leading slash, already confined and normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Package:
    """Install this binary package, by name; of a foreign architecture as `name:architecture`."""

    name: str


@dataclass(frozen=True)
class AddSuite:
    """Take packages from this suite too, on the build machine and on the node."""

    archive: str
    suite: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class PreloadImage:
    """Put an image of a registry where the node gives it to docker.

    `name` in full, as in `docker.io/library/alpine:3.20`; `platforms` are those that will do, best first;
    an `insecure` registry speaks HTTP without TLS.
    """

    name: str
    platforms: tuple[str, ...]
    insecure: bool = False


@dataclass(frozen=True)
class Inline:
    """Content that the recipe itself made: a rendered template, a generated file."""

    data: bytes


@dataclass(frozen=True)
class FromFile:
    """Content of a file of the project: `source` is relative to the project's root."""

    source: str
    sha256: str
    size: int


Content = Inline | FromFile


@dataclass(frozen=True)
class WriteFile:
    """Write a regular file. Owner and group are names in the tree or decimal numbers."""

    path: str
    content: Content
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class MakeDirectory:
    """Make a directory, or set mode and owner of one that is there."""

    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class MakeLink:
    """Make a symbolic link; `target` is taken as it is."""

    path: str
    target: str


@dataclass(frozen=True)
class Delete:
    """Remove files or whole directories, by path or glob; that they are absent already is no error."""

    path: str


@dataclass(frozen=True)
class AddUser:
    """Add a user, or change one that is there. No password: the account is locked to keys."""

    name: str
    uid: int | None = None
    system: bool = False
    shell: str = "/bin/bash"
    home: str | None = None
    groups: tuple[str, ...] = ()
    password_hash: str | None = None
    keys: tuple[str, ...] = ()
    sudo: Literal["no", "password", "free"] = "no"


@dataclass(frozen=True)
class UnitState:
    """Enable, disable or mask a systemd unit."""

    unit: str
    state: Literal["enable", "disable", "mask"]


@dataclass(frozen=True)
class ConfigTxt:
    """A line of the firmware's config.txt, under a section filter such as `pi4` ("" = all)."""

    line: str
    section: str = ""


@dataclass(frozen=True)
class CmdlineWord:
    """A word of the kernel command line."""

    word: str


@dataclass(frozen=True)
class RunScript:
    """Run a shell script inside the tree; `inputs` are files it reads, under /run/inputs."""

    source: FromFile
    inputs: tuple[FromFile, ...] = ()


Effect = (
    Package
    | AddSuite
    | PreloadImage
    | WriteFile
    | MakeDirectory
    | MakeLink
    | Delete
    | AddUser
    | UnitState
    | ConfigTxt
    | CmdlineWord
    | RunScript
)
