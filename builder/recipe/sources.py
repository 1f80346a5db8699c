# SPDX-License-Identifier: Apache-2.0
"""Where reading gets its bytes: the project folder, seen through a few questions.

The recipe room never opens a file itself; `builder.host.sources` answers for a real folder and
:class:`DictSources` for a made-up one. Paths are relative to the project's root, with `/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["f", "d", "l", "o"]


class OutsideError(FileNotFoundError):
    """The path leaves the project, by `..` or through a link."""


@dataclass(frozen=True, order=True)
class SourceEntry:
    """One path below a walked folder. `kind` `o` is what cannot be baked: device, fifo, socket.

    `path` is relative to the project's root; `size` in bytes and `sha256` for files, `target`
    for links.
    """

    path: str
    kind: Kind
    executable: bool = False
    size: int = 0
    sha256: str = ""
    target: str = ""


class Sources(Protocol):
    """What reading asks of a project."""

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError when there is none, OutsideError when it is not ours."""
        ...

    def exists(self, path: str) -> bool:
        """Whether a file or folder of that name is in the project."""
        ...

    def names(self, directory: str) -> list[str]:
        """The names in a folder, sorted; empty when there is no such folder."""
        ...

    def walk(self, directory: str) -> list[SourceEntry]:
        """Everything below a folder, sorted by path, without following links."""
        ...


@dataclass(frozen=True)
class DictSources:
    """A project in memory: path → content. `links` are path → target, `others` devices and fifos."""

    files: Mapping[str, bytes | str]
    executables: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def read(self, path: str) -> bytes:
        if path.startswith(("/", "../")):
            raise OutsideError(path)
        if path not in self.files:
            raise FileNotFoundError(path)
        content = self.files[path]
        return content if isinstance(content, bytes) else content.encode()

    def exists(self, path: str) -> bool:
        return any(name == path or name.startswith(path + "/") for name in self._all())

    def names(self, directory: str) -> list[str]:
        prefix = directory.rstrip("/") + "/"
        return sorted({n[len(prefix) :].split("/")[0] for n in self._all() if n.startswith(prefix)})

    def walk(self, directory: str) -> list[SourceEntry]:
        prefix = directory.rstrip("/") + "/"
        found: dict[str, SourceEntry] = {}
        for name in sorted(n for n in self._all() if n.startswith(prefix)):
            parts = name[len(prefix) :].split("/")
            for depth in range(1, len(parts)):
                folder = prefix + "/".join(parts[:depth])
                found.setdefault(folder, SourceEntry(folder, "d"))
            found[name] = self._entry(name)
        return sorted(found.values())

    def _all(self) -> list[str]:
        return [*self.files, *self.links, *self.others]

    def _entry(self, name: str) -> SourceEntry:
        if name in self.links:
            return SourceEntry(name, "l", target=self.links[name])
        if name in self.others:
            return SourceEntry(name, "o")
        data = self.read(name)
        return SourceEntry(name, "f", name in self.executables, len(data), hashlib.sha256(data).hexdigest())
