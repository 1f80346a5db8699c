# SPDX-License-Identifier: Apache-2.0
"""The root file system, made and filled by mke2fs at its place in the image.

mke2fs must be 1.47.2 or newer: older ones copy the sources' ctime and atime, so two builds would differ.
"""

from __future__ import annotations

from pathlib import Path

from builder.image.atime import settle_atimes
from builder.image.ext4size import BLOCK, INODE, RESERVED_PERCENT
from builder.image.identity import Identity
from builder.image.layout import Layout
from builder.image.tools import Tools, fixed_environment

# Named one by one, so that no mke2fs.conf has a say. Without 64bit and huge_file, as Raspberry Pi OS does.
_FEATURES = (
    "none",
    "has_journal",
    "ext_attr",
    "resize_inode",
    "dir_index",
    "filetype",
    "extent",
    "flex_bg",
    "sparse_super",
    "large_file",
    "dir_nlink",
    "extra_isize",
    "metadata_csum",
)


def make_ext4(
    image: Path, tree: Path, *, layout: Layout, identity: Identity, epoch: int, tools: Tools
) -> None:
    """Make the file system and fill it from the directory `tree`, whose access times may be raised."""
    settle_atimes(tree, epoch)
    extended = (
        f"offset={layout.root.start}",
        f"hash_seed={identity.hash_seed}",
        "root_owner=0:0",
        # Or the umask would decide.
        "root_perms=0755",
        # Inode tables that are never written are left to the kernel to clear: a card that is flashed by
        # block map keeps old bytes there.
        "lazy_itable_init=1",
        "lazy_journal_init=1",
        # The file is fresh; a discard would only punch holes into holes.
        "nodiscard",
    )
    argv = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-I", str(INODE)]
    argv += ["-O", ",".join(_FEATURES), "-E", ",".join(extended)]
    argv += ["-N", str(layout.ext4.inodes), "-J", f"size={layout.ext4.journal}", "-m", str(RESERVED_PERCENT)]
    argv += ["-e", "remount-ro", "-U", identity.root_uuid, "-L", layout.root.label, "-d", str(tree)]
    argv += [str(image), str(layout.root.size // BLOCK)]
    tools.run(argv, env=fixed_environment(epoch))
