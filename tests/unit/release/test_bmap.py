# SPDX-License-Identifier: Apache-2.0
import pytest

from builder.errors import NodebakeError
from builder.release import bmap
from builder.release.bmap import Bmap, Range

MAP = Bmap(40_000, (Range(0, 1, "ab" * 32), Range(9, 9, "cd" * 32)))


def test_counts() -> None:
    assert (MAP.blocks, MAP.mapped) == (10, 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("abab", "abac", "the block map is damaged"),
        ('version="2.0"', 'version="1.4"', "a block map of version `1.4` cannot be read"),
        ("</bmap>", "", "the block map is damaged"),
    ],
)
def test_what_is_not_whole_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(NodebakeError, match=message):
        bmap.parse(bmap.dump(MAP).replace(old, new, 1))
