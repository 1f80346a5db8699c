# SPDX-License-Identifier: Apache-2.0
"""What is to stand where in an image."""

from __future__ import annotations

from typing import NamedTuple


class Segment(NamedTuple):
    """`length` bytes at byte `offset` of the image.

    They are `data`, or those of the file `path` from its byte `skip` on. (A plain string: of these there are
    as many as files.)
    """

    offset: int
    length: int
    data: bytes = b""
    path: str | None = None
    skip: int = 0
