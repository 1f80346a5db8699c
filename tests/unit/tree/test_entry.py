# SPDX-License-Identifier: Apache-2.0
"""Listings: read and written, and what is seen through a stack of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.tree.entry import Entry, Kind, dump, merge, parse

NUMBERS = st.integers(0, 1 << 40)
TEXT = st.text(max_size=6)
ENTRIES = st.builds(
    Entry,
    path=TEXT,
    kind=st.sampled_from(Kind),
    mode=NUMBERS,
    uid=NUMBERS,
    gid=NUMBERS,
    mtime=NUMBERS,
    size=NUMBERS,
    sha256=TEXT,
    target=TEXT,
    device=TEXT,
    xattrs=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    opaque=st.booleans(),
    links=TEXT,
)


@given(st.lists(ENTRIES, max_size=4))
def test_parse_and_dump_are_inverse(entries: list[Entry]) -> None:
    assert list(parse(dump(entries))) == entries


def test_a_path_that_is_not_text_survives() -> None:
    entry = file("caf\udce9")
    assert list(parse(dump([entry]))) == [entry]
    assert dump([entry]).encode()


def test_defaults_are_left_out() -> None:
    assert dump([folder("")]) == '{"kind":"d","mode":493,"uid":0,"gid":0,"mtime":0,"size":0}\n'


def file(path: str, uid: int = 0) -> Entry:
    return Entry(path, Kind.FILE, 0o644, uid, 0, 0)


def folder(path: str, *, uid: int = 0, opaque: bool = False) -> Entry:
    return Entry(path, Kind.DIRECTORY, 0o755, uid, 0, 0, opaque=opaque)


def gone(path: str) -> Entry:
    return Entry(path, Kind.WHITEOUT, 0, 0, 0, 0)


def link(path: str) -> Entry:
    return Entry(path, Kind.LINK, 0o777, 0, 0, 0, target="x")


def paths(*deltas: list[Entry]) -> list[str]:
    return [entry.path for entry in merge(deltas)]


BELOW = [folder(""), folder("a"), file("a/x"), folder("a/b"), file("a/b/y"), file("ab"), file("c")]


def test_nothing() -> None:
    assert merge([]) == []


def test_all_are_seen_sorted() -> None:
    assert paths([file("b")], [file("a")]) == ["a", "b"]


def test_the_upper_one_is_seen() -> None:
    assert merge([BELOW, [file("c", uid=7)]])[-1] == file("c", uid=7)


def test_a_directory_changes_without_what_is_in_it() -> None:
    merged = merge([BELOW, [folder("a", uid=7)]])
    assert folder("a", uid=7) in merged
    assert file("a/x") in merged


def test_a_whiteout_hides_a_file() -> None:
    assert paths(BELOW, [gone("c")]) == ["", "a", "a/b", "a/b/y", "a/x", "ab"]


def test_a_whiteout_hides_a_directory_and_all_below_and_no_namesake() -> None:
    assert paths(BELOW, [gone("a")]) == ["", "ab", "c"]


def test_a_whiteout_of_nothing_is_nothing() -> None:
    assert paths(BELOW, [gone("z")]) == paths(BELOW)


def test_an_opaque_directory_hides_what_was_in_it() -> None:
    assert paths(BELOW, [folder("a", opaque=True), file("a/new")]) == ["", "a", "a/new", "ab", "c"]


def test_a_file_replaces_a_directory() -> None:
    assert paths(BELOW, [file("a")]) == ["", "a", "ab", "c"]


def test_a_link_replaces_a_directory() -> None:
    assert paths(BELOW, [link("a/b")]) == ["", "a", "a/b", "a/x", "ab", "c"]


def test_a_directory_replaces_a_file() -> None:
    assert paths(BELOW, [folder("c", opaque=True), file("c/z")]) == [*paths(BELOW), "c/z"]


def test_what_was_removed_can_come_back() -> None:
    assert paths(BELOW, [gone("a")], [folder("a"), file("a/z")]) == ["", "a", "a/z", "ab", "c"]
