# SPDX-License-Identifier: Apache-2.0
"""Seconds, bytes and counts as people read them."""

from __future__ import annotations


def seconds(count: float) -> str:
    """`0.4 s`, `61.2 s`, `3 min 05 s`."""
    if count < 120:
        return f"{count:.1f} s"
    minutes, rest = divmod(round(count), 60)
    return f"{minutes} min {rest:02d} s"


def size(count: float) -> str:
    """`812 B`, `3.4 kB`, `1.2 GB`: powers of ten, as archives and cards are sold."""
    if count < 1000:
        return f"{round(count)} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95 or unit == "GB":
            break
    return f"{count:.1f} {unit}"


def counted(count: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
