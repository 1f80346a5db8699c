# SPDX-License-Identifier: Apache-2.0
"""A tree for ARMv6 boards is refused with the files that do not run there."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from builder.build.step.armv6 import check
from builder.errors import StepError
from tests.unit.tree.elf import arm_elf

V6, V7 = arm_elf(b"\x06\x06"), arm_elf(b"\x06\x0a", b"\x09\x02")
CRYPTO = "kernel/arch/arm/crypto"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put(tmp_path, "usr/bin/good", V6)
    put(tmp_path, "usr/bin/script", b"#!/bin/sh\n")
    put(tmp_path, "boot/firmware/start.elf", arm_elf(machine=137))
    put(tmp_path, "usr/lib/modules/6.1.0-50-rpi/kernel/good.ko", V6)
    (tmp_path / "usr/bin/link").symlink_to("nowhere")
    return tmp_path


def put(tree: Path, path: str, data: bytes) -> None:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_bytes(data)


def test_what_runs_there(tree: Path) -> None:
    assert check(tree, ["*-rpi"]) == []


def test_what_does_not_run_there_is_named(tree: Path) -> None:
    put(tree, "usr/bin/late", V7)
    put(tree, "usr/bin/wide", arm_elf(machine=183))
    put(tree, "usr/lib/modules/6.1.0-50-rpi/kernel/bad.ko.xz", lzma.compress(V7))
    with pytest.raises(StepError) as caught:
        check(tree, ["*-rpi"])
    assert caught.value.render() == (
        "error: 3 programs do not run on the recipe's ARMv6 boards\n"
        "  usr/bin/late: architecture v7, Thumb-2\n"
        "  usr/bin/wide: no little-endian 32-bit ARM program\n"
        "  usr/lib/modules/6.1.0-50-rpi/kernel/bad.ko.xz: architecture v7, Thumb-2\n"
        "hint: which archive are they from? Debian's armhf is ARMv7; `debian-armel` is for ARMv6"
    )


def test_what_says_nothing_is_told(tree: Path) -> None:
    put(tree, "usr/bin/silent", arm_elf(kind=1))
    assert check(tree, ["*-rpi"]) == ["usr/bin/silent"]


def test_what_looks_at_the_processor_first_may_have_more(tree: Path) -> None:
    put(tree, "usr/lib/arm-linux-gnueabi/libatomic.so.1.2.0", V7)
    put(tree, f"usr/lib/modules/6.1.0-50-rpi/{CRYPTO}/sha256-arm.ko", V7)
    assert check(tree, ["*-rpi"]) == []


def test_modules_of_kernels_for_other_boards_are_theirs(tree: Path) -> None:
    put(tree, "usr/lib/modules/6.12.1-rpi-v8/kernel/other.ko", arm_elf(machine=183))
    assert check(tree, ["*-rpi"]) == []
    with pytest.raises(StepError):
        check(tree, ["*-rpi", "*-v8"])
