# SPDX-License-Identifier: Apache-2.0
"""What goes first when the store is too large."""

from __future__ import annotations

from builder.store.spare import above, unused
from tests.unit.store.samples import deb, held


def test_what_was_not_used_for_the_longest_goes_first() -> None:
    spare = above(20, [held("new", used=3), held("old", used=1), held("middle", used=2)], [])
    assert [each.id for each in spare.objects] == ["old"]
    assert spare.size == 10


def test_nothing_goes_when_the_limit_is_kept() -> None:
    assert above(20, [held("a"), held("b")], []).size == 0


def test_what_a_kept_object_stands_on_is_kept() -> None:
    base, top, other = held("base", used=1), held("top", "base", used=9), held("other", used=5)
    assert [each.id for each in above(20, [base, top, other], []).objects] == ["other"]
    assert [each.id for each in above(10, [base, top, other], []).objects] == ["other", "top"]


def test_objects_of_one_use_go_from_the_top() -> None:
    things = [held("a"), held("c", "a", "b"), held("b", "a")]
    assert [each.id for each in above(0, things, []).objects] == ["c", "b", "a"]


def test_a_package_file_stays_longer_than_an_object_of_the_same_use() -> None:
    spare = above(10, [held("a", used=4)], [deb("d", used=4)])
    assert ([each.id for each in spare.objects], spare.files) == (["a"], ())


def test_package_files_go_too() -> None:
    assert [each.sha256 for each in above(10, [held("a", used=4)], [deb("d", used=3)]).files] == ["d"]


def test_what_no_recipe_uses() -> None:
    helper, base, top = held("helper"), held("base"), held("top", "base", "helper", recipes=("mine",))
    former, above_it = held("former", "base"), held("higher", "base", "former")
    spare = unused([helper, base, former, top, above_it])
    assert [each.id for each in spare.objects] == ["higher", "former"]
    assert spare.files == ()
