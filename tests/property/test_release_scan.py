# SPDX-License-Identifier: Apache-2.0
"""What a scan tells is what the bytes are, however the file lies on its disk."""

import hashlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.release import bmap, index
from builder.release.bmap import Bmap, Range
from builder.release.scan import scan

BLOCK = 4096
# Runs of 4 KiB blocks: zeros or bytes, long enough to cross the 4 MiB that are read at once.
RUNS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 255]), st.sampled_from([1, 2, 15, 16, 700, 1100])), max_size=8
)
LENIENT = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _content(runs: list[tuple[int, int]], tail: int) -> bytes:
    return b"".join(bytes([value]) * (count * BLOCK) for value, count in runs) + bytes(tail)


def _write_sparse(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        for at in range(0, len(content), BLOCK):
            block = content[at : at + BLOCK]
            if any(block):
                file.seek(at)
                file.write(block)
        file.truncate(len(content))


def _slow_ranges(content: bytes) -> tuple[Range, ...]:
    """The same by the shortest way to say it."""
    blocks = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]
    mapped = [number for number, block in enumerate(blocks) if any(block)]
    firsts = [number for number in mapped if number - 1 not in set(mapped)]
    lasts = [number for number in mapped if number + 1 not in set(mapped)]
    return tuple(
        Range(a, b, hashlib.sha256(b"".join(blocks[a : b + 1])).hexdigest())
        for a, b in zip(firsts, lasts, strict=True)
    )


@LENIENT
@given(runs=RUNS, tail=st.sampled_from([0, 1, 512]), last=st.booleans())
def test_holes_and_written_zeros_are_one(
    tmp_path: Path, runs: list[tuple[int, int]], tail: int, last: bool
) -> None:
    content = _content(runs, tail) + b"x" * last
    _write_sparse(tmp_path / "sparse", content)
    (tmp_path / "full").write_bytes(content)
    found = scan(tmp_path / "full")
    assert found == scan(tmp_path / "sparse")
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.bmap == Bmap(len(content), _slow_ranges(content))
    step = index.BLOCK_SIZE
    hashes = [hashlib.sha256(content[at : at + step]).digest() for at in range(0, len(content), step)]
    assert found.index.hashes == b"".join(hashes)
    assert bmap.parse(bmap.dump(found.bmap)) == found.bmap


@LENIENT
@given(touched=st.sets(st.integers(0, 10 * index.BLOCK_SIZE - 1), max_size=5))
def test_the_index_changes_exactly_in_the_touched_blocks(tmp_path: Path, touched: set[int]) -> None:
    content = bytearray(10 * index.BLOCK_SIZE)
    (tmp_path / "before").write_bytes(content)
    for at in touched:
        content[at] = 1
    (tmp_path / "after").write_bytes(content)
    before, after = scan(tmp_path / "before").index, scan(tmp_path / "after").index
    assert after.differing(before) == sorted({at // index.BLOCK_SIZE for at in touched})
