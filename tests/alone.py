# SPDX-License-Identifier: Apache-2.0
"""A container of its own for a command: without a network, and without programs of this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

# Root needs no ids for it. An ordinary user takes his whole range along, and is root in there.
_IDS = [] if os.geteuid() == 0 else ["--user", "--map-auto", "--map-root-user"]
_COVER = """
for name in $1; do
    if path=$(command -v "$name"); then mount --bind /bin/false "$path"; fi
done
shift
exec "$@"
"""
STRANGERS = (
    *("mke2fs", "mkfs.ext4", "mkfs.fat", "mcopy", "debugfs", "sfdisk", "parted", "tune2fs", "e2fsck"),
    *("zstd", "xz", "gzip", "bzip2", "cpio", "perl", "sed", "awk", "depmod", "ldconfig", "openssl"),
    *("apt-get", "dpkg", "mmdebstrap", "useradd", "systemctl", "cp"),
)
"""Programs that could make bytes of an image. dpkg-deb and tar are not among them: they unpack the helper."""


def alone(argv: Sequence[str | Path], without: Sequence[str] = ()) -> list[str | Path]:
    """The command that runs `argv` in there; each program of `without` fails when it is called."""
    return ["unshare", *_IDS, "--mount", "--net", "--", "sh", "-euc", _COVER, "sh", " ".join(without), *argv]
