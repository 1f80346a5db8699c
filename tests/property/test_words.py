# SPDX-License-Identifier: Apache-2.0
"""Folding nodes and reading the fold are inverse, whatever the nodes are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.cluster.words import Roster, WordFault, expand, fold

NAMES = st.one_of(
    st.integers(0, 120).map(lambda number: f"node{number:02d}"),
    st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True),
)
ROSTERS = st.lists(NAMES, unique=True, min_size=1, max_size=30).map(
    lambda names: Roster(dict(enumerate(names, 1)), {"few": frozenset({1})})
)


@given(st.lists(NAMES, unique=True))
def test_fold_and_expand(names: list[str]) -> None:
    assert sorted(expand(fold(names)) if names else []) == sorted(names)


@given(st.data(), ROSTERS)
def test_fold_and_read(data: st.DataObject, roster: Roster) -> None:
    wanted = data.draw(st.frozensets(st.sampled_from(sorted(roster.names)), min_size=1))
    assert roster.numbers(fold(roster.names[number] for number in wanted)) == wanted
    assert roster.numbers(";".join(str(number) for number in wanted)) == wanted


@given(st.text(), ROSTERS)
def test_any_text_is_nodes_or_a_fault(text: str, roster: Roster) -> None:
    try:
        assert roster.numbers(text) <= roster.names.keys()
    except WordFault as fault:
        assert fault.message


@given(st.text(alphabet="node0123456789[]-,;!&^@/ few"), ROSTERS)
def test_nearly_right_words_too(text: str, roster: Roster) -> None:
    test_any_text_is_nodes_or_a_fault.hypothesis.inner_test(text, roster)  # type: ignore[attr-defined]
