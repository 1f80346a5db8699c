# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tools.bench.figure import Figure
from tools.bench.result import Row, merge
from tools.bench.table import END, figure, insert, table

MACHINE = {
    "cpu": "Some CPU",
    "cores": "2",
    "ram": "24 GiB",
    "kernel": "Linux 6.12.0",
    "distribution": "Debian GNU/Linux 12.11",
    "filesystem": "ext4",
}
EXPECTED = """\
| what | nodebake | peer | ratio | goal | |
| --- | --- | --- | --- | --- | --- |
| cached tree to raw image: CPU ÷ genimage | 3.00 CPU s (2.90-3.10) | 11.2 CPU s | 0.27 | ≤ 0.25 | \
**not met** |
| nothing changed: wall | 0.46 s | | | ≤ 0.5 s | met |

Some CPU, 2 cores, 24 GiB; Linux 6.12.0, Debian GNU/Linux 12.11, ext4. \
Medians; of several runs the smallest and largest in parentheses.
"""


ROWS = (
    Row.of_ratio("image-cpu", Figure("CPU s", (3.1, 3.0, 2.9)), Figure("CPU s", (11.25,)), {}),
    Row("nothing", 0.456, Figure("s", (0.456,))),
)
RESULT = merge({}, [row.dump("abc", "") for row in ROWS], MACHINE)


def test_the_table() -> None:
    assert table(RESULT) == EXPECTED


def test_figures_have_three_digits_that_count() -> None:
    told = [figure(Figure("s", (value,)).dump()) for value in (0.123, 3.456, 34.56, 345.6)]
    assert told == ["0.12 s", "3.46 s", "34.6 s", "346 s"]


def test_a_table_goes_between_its_marks_again_and_again() -> None:
    text = f"before\n<!-- bench: all -->\nold\n{END}\nafter\n"
    once = insert(text, RESULT)
    assert once == f"before\n<!-- bench: all -->\n{EXPECTED}{END}\nafter\n"
    assert insert(once, RESULT) == once


def test_a_mark_names_the_rows_that_it_wants() -> None:
    told = insert(f"<!-- bench: nothing switch -->\n{END}\n", RESULT)
    assert "nothing changed" in told
    assert "genimage" not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no marks\n", "has no lines `<!-- bench: all -->`"),
        (f"{END}\n<!-- bench: all -->\n", "has no lines"),
        (f"<!-- bench: image-cpu images -->\n{END}\n", "no comparison is called images"),
    ],
)
def test_other_texts_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        insert(text, RESULT)
