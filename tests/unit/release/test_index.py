# SPDX-License-Identifier: Apache-2.0
import hashlib

import pytest

from builder.errors import NodebakeError
from builder.release import index
from builder.release.index import Index

INDEX = Index(100_000, "ab" * 32, hashlib.sha256(b"0").digest() + hashlib.sha256(b"1").digest())


def test_the_bytes_of_format_1() -> None:
    header, _, hashes = index.dump(INDEX).partition(b"\n")
    assert header.decode() == (
        '{"block_size":65536,"format":1,"image_sha256":"' + "ab" * 32 + '","image_size":100000,'
        '"root":"' + hashlib.sha256(INDEX.hashes).hexdigest() + '"}'
    )
    assert hashes == INDEX.hashes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"format":1', b'"format":2', "a block index of format 2 cannot be read"),
        (b'"image_size":100000', b'"image_size":900000', "the block index is damaged"),
        (b'"root":"', b'"root":"0', "the block index is damaged"),
        (b'"block_size":65536', b'"block_size":4096', "the block index is damaged"),
        (b"{", b"", "the block index is damaged"),
    ],
)
def test_what_is_not_whole_is_refused(old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(NodebakeError, match=message):
        index.parse(index.dump(INDEX).replace(old, new, 1))


def test_blocks_that_differ() -> None:
    other = Index(INDEX.image_size, "cd" * 32, INDEX[0] + bytes(32))
    assert INDEX.differing(other) == [1]
    assert INDEX.differing(Index(0, "", b"")) == [0, 1]
