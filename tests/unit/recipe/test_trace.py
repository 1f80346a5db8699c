# SPDX-License-Identifier: Apache-2.0
"""What was asked of a project tells whether it would resolve to the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.recipe.sources import DictSources, OutsideError
from builder.recipe.trace import Traced, holds

PROJECT = DictSources(
    {"a": "one", "over/b": "two", "over/sub/c": "three"},
    executables=frozenset({"over/b"}),
    links={"over/l": "b"},
    others=frozenset({"over/fifo"}),
)


def asked() -> Traced:
    """A few of all the questions."""
    traced = Traced(PROJECT)
    assert traced.read("a") == b"one"
    assert traced.names("over") == ["b", "fifo", "l", "sub"]
    assert traced.walk("over") == PROJECT.walk("over")
    assert traced.exists("a")
    assert not traced.exists("gone")
    for path, error in (("gone", FileNotFoundError), ("/etc/passwd", OutsideError)):
        with pytest.raises(error):
            traced.read(path)
    return traced


def test_the_same_project_gives_the_same_answers() -> None:
    assert holds(PROJECT, asked().asked)


@pytest.mark.parametrize(
    "changed",
    [
        replace(PROJECT, files={**PROJECT.files, "a": "other"}),
        replace(PROJECT, files={**PROJECT.files, "over/sub/c": "other"}),
        replace(PROJECT, files={**PROJECT.files, "over/new": ""}),
        replace(PROJECT, files={**PROJECT.files, "gone": ""}),
        replace(PROJECT, executables=frozenset()),
        replace(PROJECT, links={"over/l": "sub"}),
        replace(PROJECT, links={}),
        replace(PROJECT, others=frozenset()),
        DictSources({}),
    ],
)
def test_a_project_that_would_answer_otherwise_is_told(changed: DictSources) -> None:
    assert not holds(changed, asked().asked)


def test_what_was_not_asked_for_may_change() -> None:
    assert holds(replace(PROJECT, files={**PROJECT.files, "other/file": ""}), asked().asked)


def test_a_file_that_changed_while_it_was_read_is_never_as_it_was() -> None:
    files = {"a": "one"}
    traced = Traced(DictSources(files))
    traced.read("a")
    files["a"] = "two"
    traced.read("a")
    assert not holds(DictSources(files), traced.asked)
    assert not holds(DictSources({"a": "one"}), traced.asked)
