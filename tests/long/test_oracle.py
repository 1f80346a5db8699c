# SPDX-License-Identifier: Apache-2.0
"""The oracle: the same lock through mmdebstrap, with every program emulated, gives the same tree.

Some seven minutes of processor time for each base where the store lacks the emulated tree. What may differ
stands in allowed.yaml.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from builder.base import definition as bases
from tests.fixtures import Site
from tests.long.differences import Allowed, Difference, allowed, differences, judge
from tests.long.oracle import Tree, trees
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive]


BOARDS = {"debian": "pi3b", "debian-armhf": "pi2b", "debian-armel": "pizerow"}


@functools.cache
def both(project: Path, base: str) -> tuple[Tree, Tree]:
    """docker-sdcard on `base` without the kernel, by the native engine and by mmdebstrap."""
    settings = (f"base={base}", f"boards={BOARDS[base]}")
    native, emulated = trees(project, "docker-sdcard", settings, "native", "mmdebstrap")
    return native, emulated


@needs_tool("mmdebstrap", "gpg")
@pytest.mark.parametrize("base", BOARDS)
def test_both_engines_make_the_same_tree(site: Site, base: str) -> None:
    native, emulated = both(site.root, base)
    assert len(native.entries) > 10_000
    assert judge(differences(native, emulated), allowed(base)) == []


@needs_tool("mmdebstrap", "gpg")
@pytest.mark.parametrize("base", BOARDS)
def test_the_trees_own_dpkg_is_content_with_both(site: Site, base: str) -> None:
    # It says nothing of audit and verify; the line is the script's, which saw it run.
    architecture = bases.load(base).architecture
    said = [tree.said for tree in both(site.root, base)]
    assert said == [f"dpkg of {architecture} has looked\n"] * 2


def test_every_allowed_difference_has_a_cause() -> None:
    assert [entry for base in BOARDS for entry in allowed(base) if not entry.cause.strip()] == []


def test_what_is_not_allowed_is_named() -> None:
    found = [Difference("etc/a", "mode", "0644", "0600"), Difference("etc/a/b", "owner", "0:0", "1:1")]
    entry = Allowed("etc/*", "mode", "why")
    assert judge(found, [entry]) == ["/etc/a/b: owner: 0:0 | 1:1"]
    assert judge([], [entry]) == ["allowed, but there is none: mode of etc/*"]
    assert judge(found[:1], [entry]) == []
