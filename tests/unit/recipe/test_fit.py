# SPDX-License-Identifier: Apache-2.0
"""Which board runs which base, with which kernel, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.base import definition as bases
from builder.board import definition as boards
from builder.recipe.fit import kernel_for, kernels_for, unfit
from builder.recipe.recipe import Base, Kernel

# A base as the Raspberry Pi archive has one: three kernels, one of them of a foreign architecture.
V6, V7 = (
    Kernel(flavour, f"linux-image-rpi-{flavour}", "armhf", f"*-{flavour}", (f"{image}.img",))
    for flavour, image in (("v6", "kernel"), ("v7", "kernel7"))
)
V8 = Kernel("v8", "linux-image-rpi-v8", "arm64", "*-v8", ("kernel8.img",))
DEBIAN = bases.load("debian")
RASPBIAN = replace(
    DEBIAN, name="raspbian", architecture="armhf", instructions="armv6", kernels=(V6, V7, V8), unfit=()
)


@pytest.mark.parametrize(
    ("board", "package"),
    [
        ("pizerow", "linux-image-rpi-v6"),
        ("pi2b", "linux-image-rpi-v7"),
        ("pi3b", "linux-image-rpi-v8"),
        ("pi5", "linux-image-rpi-v8"),
    ],
)
def test_the_best_kernel_may_be_of_a_foreign_architecture(board: str, package: str) -> None:
    assert _said(RASPBIAN, board) == package


def test_a_board_that_is_too_old() -> None:
    assert _said(DEBIAN, "pi2b") == "it executes ARMv7, and the programs of this base are ARMv8"


def test_a_base_can_know_better() -> None:
    reason = "it has no driver for the network"
    assert _said(replace(RASPBIAN, unfit=(("pi3b", reason),)), "pi3b") == reason


def test_a_base_without_a_kernel_for_the_board() -> None:
    old = replace(RASPBIAN, kernels=(V6, V7))
    assert _said(old, "pi4") == "its kernel is `v8`, and this base has `v6` or `v7`"


def test_a_recipe_has_each_kernel_once_in_the_order_of_the_base() -> None:
    several = tuple(boards.load(name) for name in ("pi3b", "pizerow", "pi4"))
    assert kernels_for(RASPBIAN, several) == (V6, V8)


def _said(base: Base, name: str) -> str:
    board = boards.load(name)
    reason = unfit(base, board)
    if reason:
        return reason
    kernel = kernel_for(base, board)
    assert kernel is not None
    return kernel.package
