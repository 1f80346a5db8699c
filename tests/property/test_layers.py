# SPDX-License-Identifier: Apache-2.0
"""The layers of any tree, laid over each other, are that tree."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builder.netboot.layers import booted, split
from builder.tree.entry import Entry, Kind, merge
from builder.tree.sourced import sourced

NAMES = st.sampled_from(["a", "b", "boot", "firmware", "vmlinuz-1", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from([Kind.FILE, Kind.DIRECTORY, Kind.WHITEOUT, Kind.LINK])


@st.composite
def deltas(draw: st.DrawFn) -> list[list[Entry]]:
    """Deltas as a file system makes them: what has something below it is a folder."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        delta = {"": Entry("", Kind.DIRECTORY, 0o755, 0, 0, number)}
        for path in draw(st.lists(PATHS, max_size=6)):
            parts = path.split("/")
            parents = ["/".join(parts[: n + 1]) for n in range(len(parts) - 1)]
            if path in delta or any(delta[p].kind != Kind.DIRECTORY for p in parents if p in delta):
                continue
            for parent in parents:
                delta.setdefault(parent, Entry(parent, Kind.DIRECTORY, 0o755, 0, 0, number))
            delta[path] = Entry(path, draw(KINDS), 0o644, 0, 0, number, opaque=draw(st.booleans()))
        found.append([delta[path] for path in sorted(delta)])
    return found


@given(stack=deltas(), lower=st.integers(1, 3))
def test_they_are_the_tree(stack: list[list[Entry]], lower: int) -> None:
    tree = sourced((Path(f"/{number}"), delta) for number, delta in enumerate(stack))
    base, top = split(tree, lower, merge(stack[:lower]))
    laid = merge([[one.entry for one in layer] for layer in (base, top)])
    assert laid == [one.entry for one in tree if not booted(one.entry.path)]
