# SPDX-License-Identifier: Apache-2.0
"""The oracle: the same lock through mmdebstrap, with every program emulated, gives the same tree.

Some seven minutes of processor time where the store lacks the emulated tree. What may differ stands in
allowed.yaml.
"""

from __future__ import annotations

import pytest

from tests.fixtures import Site
from tests.long.differences import Allowed, Difference, allowed, differences, judge
from tests.long.oracle import Tree, trees
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive]


@pytest.fixture(scope="module")
def both(site: Site) -> tuple[Tree, Tree]:
    """docker-sdcard without the kernel, by the native engine and by mmdebstrap."""
    native, emulated = trees(site.root, "docker-sdcard", "native", "mmdebstrap")
    return native, emulated


@needs_tool("mmdebstrap")
def test_both_engines_make_the_same_tree(both: tuple[Tree, Tree]) -> None:
    native, emulated = both
    assert len(native.entries) > 10_000
    assert judge(differences(native, emulated), allowed()) == []


@needs_tool("mmdebstrap")
def test_the_trees_own_dpkg_is_content_with_both(both: tuple[Tree, Tree]) -> None:
    # It says nothing of audit and verify; the line is the script's, which saw it run.
    assert [tree.said for tree in both] == ["dpkg of arm64 has looked\n"] * 2


def test_every_allowed_difference_has_a_cause() -> None:
    assert [entry for entry in allowed() if not entry.cause.strip()] == []


def test_what_is_not_allowed_is_named() -> None:
    found = [Difference("etc/a", "mode", "0644", "0600"), Difference("etc/a/b", "owner", "0:0", "1:1")]
    entry = Allowed("etc/*", "mode", "why")
    assert judge(found, [entry]) == ["/etc/a/b: owner: 0:0 | 1:1"]
    assert judge([], [entry]) == ["allowed, but there is none: mode of etc/*"]
    assert judge(found[:1], [entry]) == []
