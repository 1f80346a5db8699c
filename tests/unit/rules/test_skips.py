# SPDX-License-Identifier: Apache-2.0
"""CI refuses skips; elsewhere they are told."""

from __future__ import annotations

import pytest

from tests.unit.rules.source import ROOT

pytest_plugins = ("pytester",)

ONE_SKIPS = """
import pytest
def test_runs(): pass
def test_skips(): pytest.skip("no sfdisk")
@pytest.mark.skipif(True, reason="no mtools")
def test_is_skipped(): pass
@pytest.mark.xfail
def test_is_known_to_fail(): assert False
"""
ALL_SKIP = """
import pytest
pytest.importorskip("no_such_module")
"""


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text())
    return pytester


def test_under_ci_a_skip_is_a_failure(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    inner.makepyfile(test_some=ONE_SKIPS)
    result = inner.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1, errors=1, xfailed=1)
    result.stdout.fnmatch_lines(["*CI refuses: Skipped: no sfdisk*"])
    result.stdout.fnmatch_lines(["*CI refuses: Skipped: no mtools*"])


def test_under_ci_a_file_may_not_skip_itself(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    inner.makepyfile(test_all=ALL_SKIP)
    assert inner.runpytest_inprocess().ret != 0


def test_elsewhere_it_is_a_skip(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "false")
    inner.makepyfile(test_some=ONE_SKIPS, test_all=ALL_SKIP)
    inner.runpytest_inprocess().assert_outcomes(passed=1, skipped=3, xfailed=1)
