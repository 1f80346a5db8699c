# SPDX-License-Identifier: Apache-2.0
"""The project's file of host keys: published nodes are the head's, the rest the operator's. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def merged(text: str, published: Iterable[str]) -> str:
    """`text` with the published lines in place of those that name the same machine first."""
    fresh = list(published)
    names = {_first(line) for line in fresh}
    kept = [line for line in text.splitlines() if _first(line) not in names]
    return "".join(f"{line}\n" for line in [*kept, *fresh])


def _first(line: str) -> str:
    """The first name of a line; of a comment or a mark nothing that a node can be called."""
    return line.split(",", 1)[0].split(" ", 1)[0]
