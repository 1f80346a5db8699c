# SPDX-License-Identifier: Apache-2.0
"""Globs over tree paths: `*` and `?` stay within one name, `**` crosses folders."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_glob(path: str) -> bool:
    """Whether `path` may name several."""
    return "*" in path or "?" in path


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that `pattern`, read from the tree's root, matches."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    compiled = re.compile("".join(_SPECIAL.get(part) or re.escape(part) for part in parts))
    return [path for path in paths if compiled.fullmatch(path)]
