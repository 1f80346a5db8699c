# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from tools.bench.memory import descendants, parent, proportional, shared

ROLLUP = """\
55d0-7ffd ---p 00000000 00:00 0 [rollup]
Rss:              900 kB
Pss:              321 kB
Pss_Dirty:        100 kB
Pss_Anon:          90 kB
"""


def test_the_proportional_size_is_read_and_none_of_its_parts() -> None:
    assert proportional(ROLLUP) == 321 * 1024


def test_a_process_without_memory_has_none() -> None:
    assert proportional("") == 0


def test_a_name_may_hold_spaces_and_parentheses() -> None:
    assert parent("12 (a ) S 7 (x)) S 34 12 12 0 -1") == 34


def test_files_in_memory_are_told_apart() -> None:
    assert shared("MemFree: 5 kB\nShmem:              8 kB\nShmemHugePages: 3 kB\n") == 8192


def test_descendants_are_found_through_all_generations() -> None:
    table = {2: 1, 3: 2, 4: 3, 5: 1, 6: 5}
    assert sorted(descendants(2, table)) == [2, 3, 4]
