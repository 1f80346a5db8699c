# SPDX-License-Identifier: Apache-2.0
"""Why a step is not cached."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.build.former import reasons, remember
from builder.plan.plan import Plan
from tests.unit.lock.samples import lock, locked
from tests.unit.plan.test_plan import LOCK, X, plan


@pytest.fixture
def former(tmp_path: Path) -> Path:
    path = tmp_path / "x"
    remember(path, plan())
    return path


def why(former: Path, now: Plan, kind: str) -> list[str]:
    return reasons(former, now, next(step for step in now.steps if step.kind == kind))


def test_never_built(tmp_path: Path) -> None:
    assert why(tmp_path / "x", plan(), "files") == ["never built here"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "[]", "null"])
def test_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    assert why(tmp_path / "x", plan(), "files") == ["never built here"]


def test_another_format(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"format": 0}')
    assert why(tmp_path / "x", plan(), "files") == ["never built by this version"]


def test_the_same(former: Path) -> None:
    assert why(former, plan(), "files") == ["its result is no longer in the store"]


def test_a_file_that_changed(former: Path) -> None:
    now = plan(overlays__greeting__etc__issue="welcome\n")
    assert why(former, now, "files") == ["changed: effects etc/issue"]
    assert why(former, now, "finish") == ["a step below it has changed"]


def test_lines_for_the_boot_directory(former: Path) -> None:
    lines = "  - boot: {config: [gpu_mem=16, {pi4: [hdmi_safe=1]}]}\noutputs:"
    now = plan(recipes__x_yaml=X.replace("outputs:", lines))
    assert why(former, now, "firmware") == ["new: config gpu_mem=16", "new: config pi4 hdmi_safe=1"]


def test_a_script_that_changed(former: Path) -> None:
    now = plan(mark_sh="#!/bin/sh\ntouch /other\n")
    assert why(former, now, "script") == ["changed: effects mark.sh"]


def test_a_package_that_changed_and_one_that_came_and_one_that_went(former: Path) -> None:
    now = plan(lock(locked("apt", "2.0", essential=True), locked("nano")))
    assert why(former, now, "packages") == [
        "changed: debs apt",
        "new: debs nano",
        "gone: debs openssh-server",
    ]


def test_many_changes_are_counted(former: Path) -> None:
    now = plan(lock(*LOCK.packages, *(locked(f"p{n}") for n in range(9))))
    assert why(former, now, "packages") == [*(f"new: debs p{n}" for n in range(4)), "and 5 more"]


def test_a_step_of_a_new_layer(former: Path) -> None:
    now = plan(recipes__x_yaml=X.replace("outputs:", "  - locale: {timezone: UTC}\noutputs:"))
    assert reasons(former, now, now.steps[-2]) == ["new in the recipe"]


def test_another_engine(former: Path) -> None:
    assert why(former, plan(engine="mmdebstrap"), "mmdebstrap") == ["new in the recipe"]
