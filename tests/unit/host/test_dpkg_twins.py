# SPDX-License-Identifier: Apache-2.0
"""The word by which a dpkg knows its own architecture."""

from __future__ import annotations

import pytest

from builder.host.dpkg_twins import renamed

DPKG = b"\x7fELF code\0arch-native\0amd64\0any\x001.22.22 (amd64)\0more"


def test_both_places_speak_for_the_tree() -> None:
    assert renamed(DPKG, "amd64", "arm64") == DPKG.replace(b"amd64", b"arm64")


@pytest.mark.parametrize(
    "program",
    [
        b"\x7fELF nothing of the kind",
        DPKG + b"linux-amd64\0",
        DPKG + b"amd64",
        DPKG + b"(amd64).",
    ],
)
def test_a_word_in_an_unknown_place_is_not_touched(program: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the word amd64 is not where it was in all versions so far$"):
        renamed(program, "amd64", "arm64")


def test_nothing_may_move() -> None:
    with pytest.raises(ValueError, match=r"^the names amd64 and riscv64 are not of one length$"):
        renamed(DPKG, "amd64", "riscv64")
