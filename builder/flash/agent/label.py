# SPDX-License-Identifier: Apache-2.0
"""The label of a card: what it holds, in the gap before its first partition, at 4096, padded with zeros.

    {"format":1,"state":"whole","release":"docker-sdcard/20260901-0a1b2c3d","epoch":…,"node":"node17"}

While a card is written its state is `flashing`. Docker's partition, if that is kept, is `data`: while the
card is written there is no table that tells where it lies. It fits into one sector, which a card writes as a
whole or not at all. A card that was written with other tools has none.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from builder.flash.agent.table import Part

FORMAT = 1
START, SIZE = 4096, 4096


@dataclass(frozen=True)
class Label:
    """`epoch` is the release's, in seconds since 1970."""

    state: Literal["flashing", "whole"]
    release: str
    epoch: int
    node: str
    data: Part | None = None


def dump(label: Label) -> bytes:
    """The label as the bytes of its place."""
    told = {"format": FORMAT, **asdict(label)}
    if label.data is None:
        del told["data"]
    return (json.dumps(told, sort_keys=True, separators=(",", ":")) + "\n").encode().ljust(SIZE, b"\0")


def parse(data: bytes) -> Label | None:
    """The inverse; None where there is no label, or none that this flasher reads."""
    try:
        told = json.loads(data.rstrip(b"\0"))
        if told.pop("format") != FORMAT or told["state"] not in ("flashing", "whole"):
            return None
        kept = told.pop("data", None)
        return Label(**told, data=Part(**kept) if kept else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
