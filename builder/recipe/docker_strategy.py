# SPDX-License-Identifier: Apache-2.0
"""The ways in which a node can keep docker's data, and why the others do not work: one table.

On the node, `overlays/docker-data` prepares the place by the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLACE = "/srv/docker"
"""Where a node that boots over the network has docker's data, wherever that lies."""


@dataclass(frozen=True)
class Strategy:
    """`driver` is docker's storage driver, `output` the kind of output that it is for.

    `settings` are the sizes that it can be given.
    """

    name: str
    driver: str
    output: str
    where: str
    packages: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


_BLOCK = ("e2fsprogs",)
_NFS = ("nfs-common",)
STRATEGIES = (
    Strategy("overlay2", "overlay2", "image", "on the card's root file system"),
    Strategy(
        "card", "overlay2", "netboot", "on the partition of the card labelled `nodebake-docker`", _BLOCK
    ),
    Strategy(
        "loop",
        "overlay2",
        "netboot",
        "in a file on the head, which is a disk of the node's",
        (*_BLOCK, *_NFS),
        ("size", "limit"),
    ),
    Strategy(
        "fuse-overlayfs",
        "fuse-overlayfs",
        "netboot",
        "in a folder on the head",
        ("fuse-overlayfs", "fuse3", *_NFS),
    ),
    Strategy("vfs", "vfs", "netboot", "in a folder on the head, each container's files copied in full", _NFS),
    Strategy("tmpfs", "overlay2", "netboot", "in memory, gone at a reboot", (), ("size",)),
)

_REFUSED = {
    ("overlay2", "netboot"): "the kernel's overlayfs can keep changes neither on NFS nor on another overlay,"
    " and the root is one of the two: docker would start, and no container",
}


def named(name: str) -> Strategy | None:
    """The strategy of that name."""
    return next((each for each in STRATEGIES if each.name == name), None)


def of(output: str) -> tuple[str, ...]:
    """The names of those for a kind of output, or of all for a part that has none."""
    return tuple(each.name for each in STRATEGIES if output in ("", each.output))


def refusal(name: str, output: str) -> str | None:
    """Why `name` is not for this kind of output, or None."""
    found = named(name)
    reason = _REFUSED.get((name, output))
    if reason:
        return reason
    if found is None or found.output == output or not output:
        return None
    return f"it is for {_SPOKEN[found.output]}"


def sizes(strategy: Strategy, given: Sequence[str]) -> tuple[str, ...]:
    """Those of the given sizes that the strategy has no use for."""
    return tuple(name for name in given if name not in strategy.settings)


_SPOKEN = {"image": "nodes that boot from their card", "netboot": "nodes that boot over the network"}
