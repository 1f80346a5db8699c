# SPDX-License-Identifier: Apache-2.0
"""The lock: exactly what a recipe means today, package by package."""

from __future__ import annotations

from dataclasses import dataclass, field

from builder.recipe.effect import PreloadImage

FORMAT = 4
READABLE = (1, 2, 3, 4)
"""Format 1 had no placement; formats 1 and 2 had one architecture, and tools from the same archives; none of
the three had images of registries."""

Suites = tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Locked:
    """One package, exactly. `path` is below the archive's URI; sizes in bytes.

    `installed` is dpkg's Installed-Size; `section` and `source` are kept for the bill of
    materials; `essential` marks those that must lie in the tree before dpkg can run.
    """

    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    installed: int
    archive: str
    path: str
    section: str = ""
    source: str = ""
    essential: bool = False

    def qualified(self, architecture: str) -> str:
        """Its name as dpkg spells it in a tree of `architecture`."""
        native = self.architecture in (architecture, "all")
        return self.name if native else f"{self.name}:{self.architecture}"


@dataclass(frozen=True)
class Blob:
    """A piece of an image, as its registry has it: hex sha256, and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class LockedImage:
    """One image of a registry, exactly: `sha256` is that of its manifest for `platform`.

    `config` says how it is run, `layers` are its files, lowest first and compressed as they come.
    """

    name: str
    platform: str
    sha256: str
    config: Blob
    layers: tuple[Blob, ...]
    insecure: bool = False

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All pieces, each once: the same layer may be in an image twice."""
        return tuple(dict.fromkeys((self.config, *self.layers)))

    @property
    def size(self) -> int:
        """Bytes, of all pieces."""
        return sum(blob.size for blob in self.blobs)


@dataclass(frozen=True)
class ArchiveState:
    """One suite of one archive as it was: `date` is its Release date, seconds since 1970."""

    archive: str
    suite: str
    components: tuple[str, ...]
    date: int
    release_sha256: str


@dataclass(frozen=True)
class Request:
    """What was asked of the archives; the lock is stale when the recipe asks for something else.

    A package of one of the `foreign` architectures is asked for as `name:architecture`. `tools` are the
    suites of the helper; it takes those of the tree when there are none. `images` are asked of registries.
    """

    architecture: str
    suites: Suites
    packages: tuple[str, ...]
    helper: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    tools: Suites = ()
    images: tuple[PreloadImage, ...] = ()


@dataclass(frozen=True)
class Lock:
    """A lock file's content. `helpers`: host architecture → packages of the native root.

    `placement` is the hex sha256 of the placement of the release before, by which an image keeps what
    did not change where it was; empty for the first.
    """

    recipe: str
    request: Request
    archives: tuple[ArchiveState, ...]
    packages: tuple[Locked, ...]
    helpers: dict[str, tuple[Locked, ...]] = field(default_factory=dict)
    placement: str = ""
    images: tuple[LockedImage, ...] = ()

    @property
    def epoch(self) -> int:
        """The newest Release date: the only clock that building knows. Seconds since 1970."""
        return max(state.date for state in self.archives)
