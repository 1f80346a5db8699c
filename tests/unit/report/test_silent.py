# SPDX-License-Identifier: Apache-2.0
"""The report that remembers."""

from __future__ import annotations

from builder.errors import RecipeError
from builder.report.report import Report
from builder.report.silent import SilentReport


def test_it_remembers_everything() -> None:
    silent = SilentReport()
    report: Report = silent
    error = RecipeError("bad")
    report.say("a")
    report.warn("b")
    report.error(error)
    report.traceback(error)
    report.data("c")
    report.json({"d": 1})
    report.step_started(1, 1, "e")
    report.step_done(1, 1, "e", seconds=1, cached=True)
    with report.bytes_bar("f", 10) as bar:
        bar.advance(4)
        bar.advance(6)
    assert silent == SilentReport(
        said=["a"],
        steps=[("e", True)],
        warnings=["b"],
        errors=[error],
        tracebacks=[error],
        answers=["c"],
        objects=[{"d": 1}],
        bars={"f": 10},
    )
