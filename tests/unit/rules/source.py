# SPDX-License-Identifier: Apache-2.0
"""This project's own source, parsed, as the rules see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the project's root."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        """`lock` for builder/lock/…, empty for builder/errors.py."""
        parts = Path(self.path).parts
        return parts[1] if len(parts) > 2 else ""

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every module that is imported anywhere in the file, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)

    def names(self) -> Iterator[tuple[str, int]]:
        """Every name that is used, dotted where it is dotted (`sys.exit`), with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                yield ast.unparse(node), node.lineno


def of_builder() -> list[Source]:
    """All files of the package."""
    return _below("builder")


def of_tests() -> list[Source]:
    """All files of the tests."""
    return _below("tests")


def of_tools() -> list[Source]:
    """All files of the tools."""
    return _below("tools")


def _below(folder: str) -> list[Source]:
    files = sorted((ROOT / folder).rglob("*.py"))
    return [Source(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in files]
