# SPDX-License-Identifier: Apache-2.0
"""What build attributes say, and what of it is beyond ARMv6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.tree.arm import Needs, is_elf, is_firmware, needs
from tests.unit.tree.elf import arm_elf

V7_NEON = (b"\x05Cortex-A8\0", b"\x06\x0a", b"\x09\x02", b"\x0a\x03", b"\x0c\x01")


def test_all_that_matters_is_read() -> None:
    assert needs(arm_elf(*V7_NEON)) == Needs(arch=10, thumb=2, fp=3, simd=1)


def test_texts_and_the_tag_with_both_are_stepped_over() -> None:
    both, text, number = b"\x20\x01gnu\0", b"\x432.09\0", b"\x22\x01"
    assert needs(arm_elf(both, text, number, b"\x06\x06")) == Needs(6, 0, 0, 0)


@given(st.integers(0, 2**28))
def test_a_number_may_take_several_bytes(value: int) -> None:
    groups, rest = [], value
    while True:
        groups.append(rest & 0x7F | (0x80 if rest > 0x7F else 0))
        rest >>= 7
        if not rest:
            break
    found = needs(arm_elf(b"\x06" + bytes(groups)))
    assert found is not None
    assert found.arch == value


def test_a_file_without_attributes_says_nothing() -> None:
    assert needs(arm_elf(kind=1)) is None


@pytest.mark.parametrize(
    "data",
    [arm_elf(machine=183), b"\x7fELF\2\1\1" + bytes(60), b"\x7fELF\1\2\1" + bytes(60)],
    ids=["64-bit machine", "64-bit file", "big-endian"],
)
def test_other_machines(data: bytes) -> None:
    with pytest.raises(ValueError, match="no little-endian 32-bit ARM program"):
        needs(data)


def test_what_is_cut_off() -> None:
    with pytest.raises(ValueError, match="a damaged ELF file"):
        needs(arm_elf(*V7_NEON)[:-30])
    with pytest.raises(ValueError, match="no little-endian 32-bit ARM program"):
        needs(b"\x7fELF\1\1\1")
    assert not is_firmware(b"\x7fELF\1\1\1")


@given(st.binary(min_size=1, max_size=40), st.integers(16, 100))
def test_no_bytes_are_too_strange(data: bytes, at: int) -> None:
    whole = arm_elf(*V7_NEON)
    try:
        needs(whole[:at] + data + whole[at + len(data) :])
    except ValueError as error:
        assert str(error)


def test_the_gpus_firmware_is_told_apart() -> None:
    assert is_firmware(arm_elf(machine=137))
    assert not is_firmware(arm_elf())
    assert not is_firmware(arm_elf(machine=183))


def test_what_is_no_elf_file() -> None:
    assert is_elf(b"\x7fELF\1")
    assert not is_elf(b"#!/bin/sh")


@pytest.mark.parametrize(
    ("found", "beyond"),
    [
        (Needs(4, 1, 0, 0), []),
        (Needs(9, 1, 2, 0), []),
        (Needs(8, 1, 0, 0), ["architecture v6T2"]),
        (Needs(14, 1, 0, 0), ["architecture beyond v7 (14)"]),
        (
            Needs(10, 2, 3, 1),
            ["architecture v7", "Thumb-2", "a floating point unit beyond VFPv2", "NEON"],
        ),
    ],
)
def test_beyond_armv6(found: Needs, beyond: list[str]) -> None:
    assert found.beyond_v6() == beyond
