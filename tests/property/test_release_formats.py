# SPDX-License-Identifier: Apache-2.0
"""Parsing and printing are inverse, for every format of a release."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from builder.release import bmap, checksums, index, manifest
from builder.release.bmap import Bmap, Range
from builder.release.index import Index
from builder.release.manifest import Manifest

HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
# XML and file names are not at stake here: texts come back through JSON.
NAMES = st.text(st.characters(exclude_characters="/\\\n\r", exclude_categories=["Cs"]), min_size=1)


@given(manifest_=st.from_type(Manifest))
def test_manifest(manifest_: Manifest) -> None:
    text = manifest.dump(manifest_)
    assert manifest.parse(text) == manifest_
    assert manifest.dump(manifest.parse(text)) == text


@given(size=st.integers(0, 40 * index.BLOCK_SIZE), sha256=HEX)
def test_index(size: int, sha256: str) -> None:
    count = -(-size // index.BLOCK_SIZE)
    hashes = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(count))
    given_index = Index(size, sha256, hashes)
    assert index.parse(index.dump(given_index)) == given_index
    assert len(given_index) == count


@st.composite
def bmaps(draw: st.DrawFn) -> Bmap:
    edges = sorted(draw(st.sets(st.integers(0, 10_000), max_size=20)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return Bmap(draw(st.integers(10_001 * 4096, 1 << 40)), tuple(Range(a, b, draw(HEX)) for a, b in pairs))


@given(given_map=bmaps())
def test_bmap(given_map: Bmap) -> None:
    assert bmap.parse(bmap.dump(given_map)) == given_map


@given(sums=st.dictionaries(NAMES, HEX))
def test_checksums(sums: dict[str, str]) -> None:
    assert checksums.parse(checksums.dump(sums)) == sums
