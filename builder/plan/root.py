# SPDX-License-Identifier: Apache-2.0
"""Where a node finds its root file system, as its kernel, its initramfs and its fstab are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.image.identity import Identity
from builder.recipe.recipe import Board, NetbootOutput


@dataclass(frozen=True)
class Root:
    """`root` is the kernel's word for it, `cmdline` holds more words, `initramfs` lines of its settings."""

    root: str
    fstab: tuple[tuple[str, ...], ...]
    initramfs: tuple[str, ...]
    cmdline: tuple[str, ...] = ()


def from_card(disk: Identity) -> Root:
    """On the second partition of the node's card, with the boot directory on the first."""
    root, boot = (f"PARTUUID={disk.partuuid(number)}" for number in (2, 1))
    return Root(
        root=root,
        fstab=(
            (root, "/", "ext4", "noatime,errors=remount-ro", "0", "1"),
            # Nobody can reach the console of a node: a bad boot partition must not keep it off the network.
            (boot, "/boot/firmware", "vfat", "noatime,umask=0077,nofail", "0", "2"),
        ),
        # With MODULES=dep the build machine's hardware would be looked at, and without FSTYPE a disk that
        # is not there yet: then no fsck is put in, and the root file system would never be checked.
        initramfs=("MODULES=most", "COMPRESS=zstd", "FSTYPE=ext4"),
    )


def over_network(output: NetbootOutput, boards: Sequence[Board]) -> Root:
    """On the head, by the script `nodebake` of the initramfs; who publishes tells it where, by more words.

    A board without network boot finds it on its card's first partition.
    """
    # Only a disk is checked, and only where one is written to.
    disk = "FSTYPE=ext4" if output.writable != "tmpfs" else "FSTYPE=nfs"
    if any(board.netboot == "none" for board in boards):
        disk = "FSTYPE=vfat"
    return Root(
        root="/dev/nfs",
        fstab=(),
        # All that it wants is named by the hook of the overlay `netboot`: a node fetches it at each boot.
        initramfs=("MODULES=list", "COMPRESS=zstd", "COMPRESSLEVEL=19", disk),
        # A node has no one at its console: it tries again.
        cmdline=("boot=nodebake", "panic=10"),
    )
