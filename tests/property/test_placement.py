# SPDX-License-Identifier: Apache-2.0
"""Releases follow one another, and what did not change stays where it is."""

import os
from collections.abc import Mapping
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.image.place import choose
from builder.image.placement import Placed, Placement, dump, parse
from builder.image.space import Space, Span

SPANS = st.lists(st.tuples(st.integers(1, 1 << 31), st.integers(1, 1 << 20)), max_size=4).map(tuple)
# A path may hold any bytes; those that are no text come as lone surrogates.
PATHS = st.binary(max_size=20).map(os.fsdecode)
DATES = st.tuples(st.integers(0), st.text("0123456789abcdef", min_size=1)) | st.just((0, ""))


def _placed(inodes: st.SearchStrategy[int]) -> st.SearchStrategy[Placed]:
    return st.builds(lambda inode, spans, dated: Placed(inode, spans, *dated), inodes, SPANS, DATES)


TOTAL = 46_000


@given(
    files=st.dictionaries(PATHS, _placed(st.integers(2, 1 << 31)), max_size=5),
    boot=st.dictionaries(PATHS, _placed(st.just(0)), max_size=5),
)
def test_dump_and_parse_are_inverse(files: dict[str, Placed], boot: dict[str, Placed]) -> None:
    placement = Placement(1, 2, 3, 4, files, boot)
    assert parse(dump(placement)) == placement


def _release(sizes: Mapping[str, int], former: Mapping[str, tuple[Span, ...]]) -> dict[str, tuple[Span, ...]]:
    found = choose(sorted(sizes.items()), former, Space([(0, TOTAL)]))
    taken = sorted(span for spans in found.values() for span in spans)
    assert all(a + n <= b for (a, n), (b, _) in pairwise(taken)), "two files in one place"
    assert all(a >= 0 and a + n <= TOTAL for a, n in taken)
    for path, spans in found.items():
        assert sum(length for _, length in spans) == sizes[path]
    return found


def _size(random: Random) -> int:
    """In blocks: most files are small, a few are large."""
    return random.choice([0, 1, 1, 1, 2, 3, 5, 8, 20, 60, 400])


@settings(max_examples=15)
@given(seed=st.integers(0, 1 << 32))
def test_twenty_updates_move_nothing_that_did_not_change_and_do_not_wear_out(seed: int) -> None:
    random = Random(seed)
    sizes = {f"f{n}": _size(random) for n in range(600)}
    former = _release(sizes, {})
    for update in range(20):
        for path in random.sample(sorted(sizes), 60):
            del sizes[path]
        sizes |= {f"u{update}-{n}": _size(random) for n in range(60)}
        grown = random.sample(sorted(sizes), 30)
        before = dict(sizes)
        for path in grown:
            sizes[path] = max(0, sizes[path] + random.randint(-3, 5))
        now = _release(sizes, former)
        for path, spans in now.items():
            if path in former and sizes[path] == before[path]:
                assert spans == former[path]
        assert now == _release(sizes, former), "the same again"
        former = now
    assert max(len(spans) for spans in former.values()) <= 4
