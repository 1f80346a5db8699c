# SPDX-License-Identifier: Apache-2.0
"""What lies in which layer."""

from __future__ import annotations

from pathlib import Path

from builder.netboot.layers import split
from builder.tree.entry import Entry, Kind, merge
from builder.tree.sourced import Sourced, sourced
from tests.unit.netboot.samples import file, folder

LOWER = 2
Delta = list[Entry]


def layers(*deltas: Delta) -> tuple[list[Sourced], list[Sourced]]:
    """The layers of a tree of these deltas, of which the first two are the base's."""
    tree = sourced((Path(f"/{number}"), delta) for number, delta in enumerate(deltas))
    return split(tree, LOWER, merge(deltas[:LOWER]))


def shown(layer: list[Sourced]) -> dict[str, int]:
    return {one.entry.path: one.entry.mtime for one in layer}


PACKAGES = [folder(""), folder("etc"), folder("usr"), file("etc/passwd"), file("usr/a"), file("usr/b")]
FIRMWARE = [folder("boot"), folder("boot/firmware"), file("boot/firmware/config.txt"), file("boot/vmlinuz-6")]


def test_what_packages_brought_is_below_what_the_recipe_wrote() -> None:
    recipe = [folder("", 9), folder("etc", 9), file("etc/passwd", mtime=9), file("etc/motd", mtime=9)]
    base, top = layers(PACKAGES, FIRMWARE, recipe)
    assert shown(base) == {"": 1, "boot": 1, "boot/firmware": 1, "etc": 1, "usr": 1, "usr/a": 1, "usr/b": 1}
    assert shown(top) == {"": 9, "etc": 9, "etc/motd": 9, "etc/passwd": 9}


def test_one_file_more_leaves_the_base_as_it_is() -> None:
    one, _ = layers(PACKAGES, FIRMWARE, [folder("usr", 8), file("usr/ours")])
    other, _ = layers(PACKAGES, FIRMWARE, [folder("usr", 9), folder("usr/more", 9), file("usr/more/ours")])
    assert [x.entry for x in one] == [x.entry for x in other]


def test_what_goes_is_nowhere() -> None:
    gone = Entry("usr/a", Kind.WHITEOUT, 0, 0, 0, 0)
    base, top = layers(PACKAGES, FIRMWARE, [folder("usr", 9), gone])
    assert "usr/a" not in {**shown(base), **shown(top)}
    assert shown(top) == {"": 1, "usr": 9}


def test_a_folder_that_becomes_a_file_is_one() -> None:
    base, top = layers(PACKAGES, FIRMWARE, [file("usr", mtime=9)])
    assert not {path for path in shown(base) if path.startswith("usr")}
    assert shown(top) == {"": 1, "usr": 9}


def test_a_folder_that_was_emptied_is() -> None:
    emptied = Entry("usr", Kind.DIRECTORY, 0o700, 0, 0, 9, opaque=True)
    base, top = layers(PACKAGES, FIRMWARE, [emptied, file("usr/c")])
    assert {path for path in shown(base) if path.startswith("usr/")} == set()
    assert shown(top) == {"": 1, "usr": 9, "usr/c": 1}


def test_hard_links_do_not_cross_layers() -> None:
    group = [folder(""), *(file(name, links="a") for name in "abc")]
    base, top = layers(group, [], [file("a", mtime=9)])
    assert {one.entry.path: one.entry.links for one in base if one.entry.path} == {"b": "b", "c": "b"}
    assert [one.entry.links for one in top if one.entry.path] == [""]
