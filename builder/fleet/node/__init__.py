# SPDX-License-Identifier: Apache-2.0
"""Scripts that nodes read from stdin, so that nothing is left there, and how their answers are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def script(name: str) -> str:
    """The text of a script."""
    return (Path(__file__).parent / f"{name}.sh").read_text(encoding="utf-8")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """The `key=value` lines of an answer; any other line is a node's own noise."""
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.isidentifier():
            yield key, value.strip()
