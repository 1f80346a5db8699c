# SPDX-License-Identifier: Apache-2.0
"""What the boot partition refuses, and what it calls what it takes."""

import pytest

from builder.errors import StepError
from builder.image.fat32.directory import short_name, slots, stamp
from builder.image.fat32.names import check
from builder.tree.entry import Entry, Kind

TOP = "boot/firmware"


def _entry(path: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(f"{TOP}/{path}", kind, 0o644, 0, 0, 0)


def test_a_link_is_refused() -> None:
    with pytest.raises(StepError, match="`link` cannot lie in the boot partition"):
        check([_entry("link", Kind.LINK)], TOP)


@pytest.mark.parametrize("name", ["a:b", "what?", "end.", "end ", "tab\t", "ü"])
def test_a_name_that_fat_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(StepError, match="is no name for the boot partition"):
        check([_entry(name)], TOP)


def test_two_names_that_fat_takes_for_one_are_refused() -> None:
    with pytest.raises(StepError, match="`overlays/A` and `overlays/a` are one name"):
        check([_entry("overlays", Kind.DIRECTORY), _entry("overlays/A"), _entry("overlays/a")], TOP)


def test_the_same_name_in_two_directories_is_none_of_that() -> None:
    check([_entry("A", Kind.DIRECTORY), _entry("A/x"), _entry("b", Kind.DIRECTORY), _entry("b/X")], TOP)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("KERNEL8.IMG", b"KERNEL8 IMG"),
        ("bootcode.bin", b"BOOTCODEBIN"),
        ("overlays", b"OVERLAYS   "),
        ("bcm2710-rpi-3-b.dtb", b"BC9B9F~1DTB"),
        ("a long name.txt", b"A_CE43~1TXT"),
    ],
)
def test_short_names(name: str, short: bytes) -> None:
    assert short_name(name, set()) == short


def test_a_short_name_that_is_taken_is_another() -> None:
    assert short_name("kernel8.img", {b"KERNEL8 IMG"})[6:8] == b"~1"
    first = short_name("a long name.txt", set())
    assert short_name("a long name.txt", {first}) == first.replace(b"~1", b"~2")


def test_slots() -> None:
    assert [slots(name) for name in ("A.TXT", "a.txt", "a.Txt", "n" * 13, "n" * 14, "n" * 255)] == [
        1,
        1,
        2,
        2,
        3,
        21,
    ]


def test_stamps() -> None:
    assert stamp(0) == (0x21, 0)
    assert stamp(1767323045) == ((46 << 9) | (1 << 5) | 2, (3 << 11) | (4 << 5) | 2)
