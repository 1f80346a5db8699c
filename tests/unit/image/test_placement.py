# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.image.placement import Placed, Placement, dump, parse

SAMPLE = Path(__file__).parents[2] / "data" / "placement-1"
PLACEMENT = Placement(
    made=1760000000,
    boot_size=64 << 20,
    groups=1,
    inodes_per_group=8192,
    files={
        "": Placed(2, ((643, 1),)),
        "boot/firmware": Placed(12, ((644, 1),)),
        "usr/bin/ünicode": Placed(14, ((4745, 3), (4800, 1))),
        "usr/empty": Placed(13, (), 1760000000, "08cb4e8f9f3f4a2c"),
    },
    boot={"boot/firmware": Placed(0, ((2, 1),)), "boot/firmware/config.txt": Placed(0, ((3, 1),))},
)


def test_a_placement_of_format_1_is_read() -> None:
    assert parse(SAMPLE.read_text()) == PLACEMENT


def test_the_text() -> None:
    assert dump(PLACEMENT) == SAMPLE.read_text()


def test_another_format_is_refused() -> None:
    with pytest.raises(NodebakeError) as caught:
        parse('{"format":7}\n')
    assert caught.value.render() == (
        "error: a placement of format 7 cannot be read\n  this nodebake reads format 1\nhint: update nodebake"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format":1}',
        SAMPLE.read_text().replace("4745+3", "x"),
        SAMPLE.read_text() + "no row\n",
        SAMPLE.read_text().replace('"made":', '"else":'),
    ],
)
def test_what_is_damaged_is_refused(text: str) -> None:
    with pytest.raises(NodebakeError, match="the placement is damaged"):
        parse(text)
