# SPDX-License-Identifier: Apache-2.0
"""The links of a merged /usr, where no package brings them: up to Debian 12 the installer made them."""

from __future__ import annotations

from pathlib import Path

LINKS = ("bin", "lib", "sbin")
KEPT = "--keep-directory-symlink"
"""tar's word for unpacking through such a link instead of replacing it."""


def merge(root: Path, *more: str) -> None:
    """Make the links of the empty tree `root`, and `more` of them."""
    for name in (*LINKS, *more):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
