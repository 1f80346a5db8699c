# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tools.bench.figure import Figure, Spent, cpu, ratio, unwaited, wall

RUNS = [Spent(cpu=4.0, wall=9.0, waited=4.0), Spent(2.0, 7.0, 1.5), Spent(3.0, 11.0, 3.0)]


def test_a_figure_is_told_by_runs_smallest_median_and_largest() -> None:
    assert cpu(RUNS).dump() == {"unit": "CPU s", "runs": 3, "min": 2.0, "median": 3.0, "max": 4.0}


def test_wall_and_processor_time_are_kept_apart() -> None:
    assert wall(RUNS).median == 9.0
    assert cpu(RUNS).median == 3.0


def test_a_ratio_is_that_of_the_medians() -> None:
    assert ratio(cpu(RUNS), Figure("CPU s", (100.0, 12.0, 1.0))) == 0.25


def test_what_wait4_would_have_missed_is_the_worst_run() -> None:
    assert unwaited(RUNS) == pytest.approx(0.25)
    assert unwaited([]) == 0
