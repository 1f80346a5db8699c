# SPDX-License-Identifier: Apache-2.0
"""Nodes, head and power as the work on a node sees them. Each call may be made again after a kill."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from builder.errors import NodebakeError


class NodeFailed(NodebakeError):
    """A node is not where it should be. Its rollout ends there; those of others go on."""


class NoPower(NodeFailed):
    """A node that does not answer, and that nothing here can start again."""


@dataclass(frozen=True)
class Ended:
    """What became of a script on a node."""

    code: int
    stdout: str
    stderr: str


class Field(Protocol):
    """Where the work is done."""

    async def assign(self, node: str, release: str) -> None:
        """Have the head let the node boot a release for a while. Raises NodebakeError."""

    async def settle(self, node: str, *, passed: bool) -> None:
        """Tell the head how it went: the node stays with its card, or goes back. Raises NodebakeError."""

    async def leave(self, node: str) -> None:
        """Tell the head that the node runs no longer from its card, and goes back. Raises NodebakeError."""

    async def release_of(self, node: str) -> str:
        """What the node runs now, RECIPE/VERSION; empty when it does not answer."""

    async def restart(self, node: str) -> None:
        """Start the node again: by ssh, else by its power. Raises NoPower when neither can be."""

    async def let_start(self, node: str) -> bool:
        """Leave it to a node that starts again and again to do so: `up` waits for its next start then. Any
        other has to be started; False.
        """

    async def up(self, node: str, *, seconds: float) -> str:
        """Wait until the node has started again and answers; what it runs then. Raises NodeFailed."""

    async def script(self, node: str, text: str, *, seconds: float) -> Ended:
        """Run a script of sh on the node as root. Raises NodeFailed when it cannot be run."""

    async def bring(self, node: str, file: Path, text: str, *words: str, seconds: float) -> Ended:
        """Run a script with its words as root there, and a file of ours on its stdin. Raises NodeFailed."""

    async def flash(self, node: str, release: str, then: str = "") -> str:
        """Bring the node's card to a release, and run the script `then` when that is done, whether or not we
        are still there; what was done, in a few words. Raises NodeFailed.
        """
