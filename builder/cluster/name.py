# SPDX-License-Identifier: Apache-2.0
"""What machines may be called."""

from __future__ import annotations

import re

# A letter first, so that no name looks like a number or a range of numbers.
_HOST = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def default_name(number: int) -> str:
    """What a node is called that has no name of its own."""
    return f"node{number:02d}"


def is_host_name(text: str) -> bool:
    """Whether it is one label of a host name, in lower case."""
    return _HOST.fullmatch(text) is not None
