# SPDX-License-Identifier: Apache-2.0
"""Names that are near to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, what: str = "known") -> str | None:
    """A hint: near names when there are any, else all of them when they are few."""
    names = sorted(set(known))
    # Only in upper and lower case is as near as can be, whatever difflib says.
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), lower, n=3, cutoff=0.6)
    if near:
        return f"did you mean {listed(lower[name] for name in near)}?"
    if names and len(names) <= 12:
        return f"{what}: {', '.join(f'`{name}`' for name in names)}"
    return None


def listed(names: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
