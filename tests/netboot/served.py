# SPDX-License-Identifier: Apache-2.0
"""What a head serves, and of which release each file that a board got is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from builder.boot.netboot.head import LAYOUT, Head
from builder.head.node.inventory import Node
from tests.netboot.wire import Asked, Boards


@dataclass(frozen=True)
class Served:
    """A head with two releases, and boards."""

    head: Head
    boards: Boards
    nodes: tuple[Node, ...]

    @property
    def server(self) -> str:
        return self.head.inventory.address

    @cached_property
    def versions(self) -> dict[str, set[str]]:
        """The versions in which a file with this sha256 is, for all files of boot directories."""
        found: dict[str, set[str]] = defaultdict(set)
        told = self.head.lan.run(
            *("find", LAYOUT.releases, LAYOUT.instances, "-type", "f", "-path", "*/boot/*"),
            *("-exec", "sha256sum", "{}", "+"),
        )
        for line in told.splitlines():
            sha256, _, path = line.partition("  ")
            parts = PurePath(path).parts
            # The folder of a release's own files; what an instance carries of another is in that one's.
            for version in parts:
                if version in self.known:
                    found[sha256].add(version)
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """All versions."""
        return frozenset(self.head.names(LAYOUT.releases / "tiny"))

    def version(self, asked: Asked, *names: str) -> str:
        """The one version that all these files are of; AssertionError when there is none."""
        of = [self.versions[sha256] for name, sha256, _ in asked if sha256 and name.endswith(names)]
        assert of, f"none of {names} was asked for"
        common = frozenset.intersection(*map(frozenset, of))
        assert len(common) == 1, [(name, self.versions.get(sha256)) for name, sha256, _ in asked]
        return next(iter(common))

    def of_one(self, asked: Asked) -> str:
        """The release of what the firmware reads; AssertionError when it is not one.

        The firmware's own two files are of one release too, but perhaps of the former one.
        """
        loader = [name for name, _, _ in asked if PurePath(name).name.startswith(("start", "fixup"))][-2:]
        self.version(asked, *loader)
        return self.version(asked[self.read_last(asked) :], ".txt", ".dtb", "vmlinuz", "initrd.img")

    def read_last(self, asked: Asked) -> int:
        """Which request was the firmware's own for config.txt: what follows goes by that."""
        return max(place for place, (name, _, _) in enumerate(asked) if name.endswith("config.txt"))
