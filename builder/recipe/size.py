# SPDX-License-Identifier: Apache-2.0
"""Sizes as people write them: `64M`, `1G`, `512KiB`. Multiples are of 1024."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_FORM = re.compile(r"(\d{1,18})\s*([KMGT]?)(?:i?B)?")


def parse(value: object) -> int:
    """Bytes. ValueError when `value` is no size."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _FORM.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"`{value}` is no size; sizes look like `512M` or `1G`")
    return int(match[1]) << 10 * _UNITS[match[2]]


def text(size: int) -> str:
    """The shortest exact form: parse(text(n)) == n."""
    for unit in ("T", "G", "M", "K"):
        step = 1024 ** _UNITS[unit]
        if size and size % step == 0:
            return f"{size // step}{unit}"
    return str(size)


Size = Annotated[
    int,
    BeforeValidator(parse),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["512M", "1G"]}),
]
