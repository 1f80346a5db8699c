# SPDX-License-Identifier: Apache-2.0
"""The bench that a step works at: its tree, the helper, and ways to run programs in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.host import dpkg_twins, linux
from builder.host.chroot import FOREIGN, MULTIARCH, emulated, furnish, into, lend
from builder.host.process import Finished, run
from builder.host.worker import SHOWN

STORE = SHOWN / "store"
PROJECT = SHOWN / "project"
HELPER = SHOWN / "helper"
TREE = SHOWN / "tree"
TREE_IN_HELPER = "/mnt"
"""Where a step's tree is seen from inside the helper, whose programs work on it."""


@dataclass(frozen=True)
class Bench:
    """`tree` is the merged view, writable; `epoch` in seconds since 1970, the step's only clock.

    `architecture` is the tree's, `machine` this computer's, as dpkg names them.
    """

    tree: Path
    log: Path
    epoch: int
    architecture: str
    machine: str

    @property
    def foreign(self) -> bool:
        return self.architecture != self.machine

    def furnish(self) -> None:
        """Mount what programs inside the tree need; the mounts end with the step's process."""
        furnish(self.tree)
        if self.foreign:
            # A dpkg that took the builder's architecture for its own would tell so to Debian's kernel
            # hook, which would then leave /boot/firmware empty without an error.
            dpkg_twins.cover(HELPER, HELPER / "run/dpkg", self.machine, self.architecture)
            lend(self.tree, HELPER, SHOWN / "emulator", self.machine)

    def show_to_helper(self) -> None:
        """Make the tree, with all that is mounted in it by now, visible at TREE_IN_HELPER."""
        linux.bind(self.tree, HELPER / TREE_IN_HELPER.lstrip("/"))

    def in_tree(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Run one of the tree's own programs, the tree as its root."""
        run(argv, env=self._environment(env), log=self.log, inside=into(self.tree))

    def on_machine(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Run a program of this machine's own; it sees the worker's file system."""
        run(argv, env=self._environment(env), log=self.log)

    @contextmanager
    def emulated(self) -> Iterator[None]:
        """While the body runs, the tree's programs are emulated and none is lent."""
        if not self.foreign:
            yield
            return
        with emulated(FOREIGN[self.architecture], SHOWN / "emulator"):
            yield

    def ask_tree(self, argv: Sequence[str]) -> Finished:
        """Run one of the tree's own programs for what it prints."""
        return run(argv, env=self._environment(None), inside=into(self.tree), check=False)

    def in_helper(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Run one of the helper's programs; the tree is at TREE_IN_HELPER."""
        run(argv, env=self._environment(env), log=self.log, inside=into(HELPER))

    def _environment(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        return {
            "HOME": "/root",
            "TMPDIR": "/tmp",
            "SOURCE_DATE_EPOCH": str(self.epoch),
            "DEBIAN_FRONTEND": "noninteractive",
            "DEBCONF_NONINTERACTIVE_SEEN": "true",
            "PERL_BADLANG": "0",
            **(extra or {}),
        }


def mount_helper(delta: Path, store_debs: Path) -> None:
    """Show the helper at HELPER, with the tree's place, the .debs and a /proc in it."""
    HELPER.mkdir(exist_ok=True)
    # Its programs would write logs into it, and an object stays as it was made.
    linux.bind(delta, HELPER, read_only=True)
    furnish(HELPER)
    (HELPER / "run/debs").mkdir()
    linux.bind(store_debs, HELPER / "run/debs", read_only=True)


def scaffold(machine: str) -> Path:
    """A lowest layer of empty directories, mount points that no delta should hold."""
    root = SHOWN / "scaffold"
    (root / "usr/lib" / MULTIARCH[machine]).mkdir(parents=True, exist_ok=True)
    return root
