# SPDX-License-Identifier: Apache-2.0
"""What reading asked of a project, and what it was told: all that a resolved recipe can depend on of it.

Reading is a function of its questions' answers and of nothing else. So while a project answers each of
them as before, it resolves to the same, and what was asked need not be known beforehand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from builder.errors import NodebakeError
from builder.recipe.sources import SourceEntry, Sources

Asked = tuple[str, str, str]
"""A question, the path it was asked about, and the sha256 of the answer."""

_QUESTIONS: dict[str, Callable[[Sources, str], Any]] = {
    "read": lambda sources, path: sources.read(path),
    "exists": lambda sources, path: sources.exists(path),
    "names": lambda sources, path: sources.names(path),
    "walk": lambda sources, path: sources.walk(path),
}


class Traced:
    """Sources that pass every question on and write down what came back.

    A file that changes while it is read leaves two answers to one question, which no project gives again.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._asked: dict[Asked, None] = {}

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every question with its answer, in the order of the first time."""
        return tuple(self._asked)

    def read(self, path: str) -> bytes:
        data: bytes = self._ask("read", path)
        return data

    def exists(self, path: str) -> bool:
        return bool(self._ask("exists", path))

    def names(self, directory: str) -> list[str]:
        found: list[str] = self._ask("names", directory)
        return found

    def walk(self, directory: str) -> list[SourceEntry]:
        found: list[SourceEntry] = self._ask("walk", directory)
        return found

    def _ask(self, question: str, path: str) -> Any:
        answer = _answer(self._sources, question, path)
        self._asked[question, path, _digest(answer)] = None
        if isinstance(answer, Exception):
            raise answer
        return answer


def holds(sources: Sources, asked: Iterable[Asked]) -> bool:
    """Whether a project gives these answers still."""
    return all(_digest(_answer(sources, question, path)) == digest for question, path, digest in asked)


def _answer(sources: Sources, question: str, path: str) -> Any:
    """What it says; that something is not there, not ours, or may not be read is an answer too."""
    try:
        return _QUESTIONS[question](sources, path)
    except (OSError, NodebakeError) as error:
        return error


def _digest(answer: Any) -> str:
    """Of bytes as they are; of all else, of what tells it from any other answer."""
    text = answer if isinstance(answer, bytes) else f"{type(answer).__name__} {answer!r}".encode()
    return hashlib.sha256(text).hexdigest()
