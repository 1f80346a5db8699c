# SPDX-License-Identifier: Apache-2.0
"""Containers on a node without a registry: the network is not the tests' to use."""

from __future__ import annotations

SECONDS = 300
"""What one call of docker may take, on a busy machine."""


def imported(program: str, image: str = "probe") -> str:
    """A command that makes an image of one of the node's own programs, `usr/bin/NAME`, with its libraries."""
    libraries = f"$(ldd /{program} | grep -o '/lib[^ ]*' | sed 's,^/,,')"
    return f"tar -C / -ch {program} {libraries} | docker import - {image}"
