# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tools.bench.figure import Figure
from tools.bench.result import Row, merge
from tools.bench.table import BEGIN, END, figure, insert, table

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


def test_the_table() -> None:
    ours = Figure("CPU s", (3.1, 3.0, 2.9))
    rows = [
        Row.of_ratio("image-cpu", ours, Figure("CPU s", (11.25,)), {}),
        Row("nothing", 0.456, Figure("s", (0.456,))),
    ]
    assert table(merge({}, [row.dump("abc", "") for row in rows], MACHINE)) == EXPECTED


def test_figures_have_three_digits_that_count() -> None:
    told = [figure(Figure("s", (value,)).dump()) for value in (0.123, 3.456, 34.56, 345.6)]
    assert told == ["0.12 s", "3.46 s", "34.6 s", "346 s"]


def test_a_table_goes_between_its_marks_again_and_again() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = insert(text, "| new |\n")
    assert once == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    assert insert(once, "| new |\n") == once


def test_a_text_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        insert("no marks\n", "| new |\n")
