# SPDX-License-Identifier: Apache-2.0
"""What is to stand where in an image."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Segment(NamedTuple):
    """`length` bytes at byte `offset` of the image.

    They are `data`, or those of the file `path` from its byte `skip` on.
    """

    offset: int
    length: int
    data: bytes = b""
    path: Path | None = None
    skip: int = 0
