# SPDX-License-Identifier: Apache-2.0
"""How the peer genimage is called: the same partitions of the same sizes. Pure."""

from __future__ import annotations

from pathlib import Path

from builder.image.layout import BOOT_MOUNT, Layout

_MIB = 1 << 20


def config(layout: Layout, *, boot: str, root: str) -> str:
    """Its configuration; `boot` and `root` say where each file system comes from, in its own words."""
    ext4 = f"-N {layout.ext4.inodes} -I 256 -b 4096 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard"
    return f'''image boot.vfat {{
  vfat {{ label = "{layout.boot.label}" extraargs = "-F 32 -s 2" }}
  size = {layout.boot.size}
  temporary = true
  {boot}
}}
image root.ext4 {{
  ext4 {{ label = "{layout.root.label}" use-mke2fs = true extraargs = "{ext4}" }}
  size = {layout.root.size}
  temporary = true
  {root}
}}
image card.img {{
  hdimage {{ align = 8M }}
  partition boot {{ partition-type = 0xC bootable = true image = "boot.vfat" offset = {layout.boot.start} }}
  partition root {{ partition-type = 0x83 image = "root.ext4" offset = {layout.root.start} }}
}}
'''


def one_tree(layout: Layout) -> str:
    """From one tree, as it is mounted: genimage takes it apart itself."""
    return config(layout, boot=f'mountpoint = "/{BOOT_MOUNT}"', root='mountpoint = "/"')


def two_trees(layout: Layout, boot: Path, root: Path) -> str:
    """From two trees that have been taken apart before: it copies no files then."""
    return config(layout, boot=f'srcpath = "{boot}"', root=f'srcpath = "{root}"')


def command(tree: Path, room: Path) -> list[str]:
    """genimage on `tree`; all that it writes goes into `room`."""
    return [
        "genimage",
        "--rootpath",
        str(tree),
        "--tmppath",
        str(room / "tmp"),
        "--inputpath",
        str(room / "in"),
        "--outputpath",
        str(room / "out"),
        "--config",
        str(room / "genimage.cfg"),
    ]
